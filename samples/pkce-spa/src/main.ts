import base from '../../../Lightning.Web/src/base.css?url';
import tokens from '../../../Lightning.Web/src/tokens.css?url';
import { call, refresh, resume, session, signIn, signInUpstream, signOut } from './session';
import { settings } from './settings';

// Linked, because the Content-Security-Policy forbids inline styles.
for (const href of [tokens, base])
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));

interface Note {
  id: string;
  title: string;
}

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

function show(): void {
  find('signed-out').hidden = session.isSignedIn;
  find('signed-in').hidden = !session.isSignedIn;
  find('who').textContent = session.name;
  find('ends').textContent = session.endsAt.toLocaleTimeString();
  find('refresh-count').textContent = `refresh count: ${session.refreshCount}`;
}

async function list(): Promise<void> {
  const response = await call('/api/v1/notes');
  if (!response.ok)
    throw new Error(
      response.status === 401 ? 'Your session has ended. Sign in again.' : `The API returned ${response.status}.`,
    );
  const { items } = (await response.json()) as { items: Note[] };
  find('notes').replaceChildren(
    ...items.map((note) => Object.assign(document.createElement('li'), { textContent: note.title })),
  );
}

async function create(title: string): Promise<void> {
  const response = await call('/api/v1/notes', 'POST', { title, body: '' });
  if (!response.ok) throw new Error(`The note was not created: the API returned ${response.status}.`);
  await list();
}

/** Runs an action of the user, shows its error and updates the page. */
async function run(action: () => Promise<void>): Promise<void> {
  find('error').hidden = true;
  try {
    await action();
  } catch (error) {
    find('error').textContent = describe(error);
    find('error').hidden = false;
  }
  show();
}

/** The provider's error description, if there is one: it says what to do, such as how to link an account. */
function describe(error: unknown): string {
  const { error_description: description, message } = error as { error_description?: string; message: string };
  return description ?? message;
}

find('sign-in').addEventListener('click', () => run(signIn));
find('sign-out').addEventListener('click', () => run(signOut));
find('refresh').addEventListener('click', () =>
  run(async () => {
    await refresh();
    await list();
  }),
);
find('create').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = find<HTMLInputElement>('title');
  void run(async () => {
    await create(field.value);
    field.value = '';
  });
});
if (settings.upstream) {
  const button = find('sign-in-upstream');
  button.hidden = false;
  button.textContent = `Sign in with ${settings.upstream.title}`;
  button.addEventListener('click', () => run(signInUpstream));
}

void run(async () => {
  await resume(new URL(location.href));
  if (session.isSignedIn) await list();
});
