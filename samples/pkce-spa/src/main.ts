import base from '../../../Lightning.Web/src/base.css?url';
import look from '../../../Lightning.Web/src/tokens.css?url';
import { call, refresh, resume, session, signIn, signInUpstream, signOut } from './session';
import { settings } from './settings';

// Linked, and not imported as text: the page's policy allows no inline style.
for (const href of [look, base]) document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));

interface Note {
  id: string;
  title: string;
}

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

function show(): void {
  find('stranger').hidden = session.isSignedIn;
  find('guest').hidden = !session.isSignedIn;
  find('who').textContent = session.name;
  find('ends').textContent = session.endsAt.toLocaleTimeString();
  find('generation').textContent = session.generation === 1 ? 'it is the first' : `it is number ${session.generation}`;
}

async function list(): Promise<void> {
  const response = await call('/api/v1/notes');
  if (!response.ok) throw new Error(response.status === 401 ? 'Your session has ended. Sign in again.' : `The API answers ${response.status}.`);
  const { items } = (await response.json()) as { items: Note[] };
  find('notes').replaceChildren(...items.map((note) => Object.assign(document.createElement('li'), { textContent: note.title })));
}

async function write(title: string): Promise<void> {
  const response = await call('/api/v1/notes', 'POST', { title, body: '' });
  if (!response.ok) throw new Error(`The note was not written: the API answers ${response.status}.`);
  await list();
}

/** Runs what a person asked for; what goes wrong is said, and the page shows what is. */
async function run(act: () => Promise<void>): Promise<void> {
  find('fault').hidden = true;
  try {
    await act();
  } catch (fault) {
    find('fault').textContent = describe(fault);
    find('fault').hidden = false;
  }
  show();
}

/** The provider's own words where it gave some: they say what to do, such as how to link an account. */
function describe(fault: unknown): string {
  const { error_description: words, message } = fault as { error_description?: string; message: string };
  return words ?? message;
}

find('sign-in').addEventListener('click', () => run(signIn));
find('sign-out').addEventListener('click', () => run(signOut));
find('refresh').addEventListener('click', () => run(async () => { await refresh(); await list(); }));
find('write').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = find<HTMLInputElement>('title');
  void run(async () => { await write(field.value); field.value = ''; });
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
