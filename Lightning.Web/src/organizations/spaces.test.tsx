import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';
import type { Organization } from './organizations';

let bff: FakeBff;
let acme: Organization;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
  acme = bff.organizations.add('Acme');
});

test('Switcher_moves_between_spaces', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  visit('/notes');
  await screen.findByText('Groceries');
  expect(screen.queryByText('Roadmap')).toBeNull();
  await press('Space: Personal');
  await userEvent.click(await screen.findByRole('menuitemradio', { name: 'Acme' }));
  await screen.findByText('Roadmap');
  expect(screen.queryByText('Groceries')).toBeNull();
  expect(location.pathname).toBe('/o/acme/notes');
  expect(document.title).toBe('Notes · Acme · Lightning');
  expect(screen.queryByRole('menu')).toBeNull();
  await press('Space: Acme');
  const spaces = screen.getAllByRole('menuitemradio');
  expect(spaces.map((item) => item.getAttribute('aria-checked'))).toEqual(['false', 'true']);
});

test('Switcher_works_with_the_keyboard', async () => {
  visit('/notes');
  const button = await screen.findByRole('button', { name: 'Space: Personal' });
  act(() => button.focus());
  await userEvent.keyboard('{ArrowDown}');
  const focused = () => document.activeElement?.textContent;
  expect(focused()).toBe('Personal');
  await screen.findByRole('menuitemradio', { name: 'Acme' });
  await userEvent.keyboard('{ArrowUp}');
  expect(focused()).toBe('Organizations');
  await userEvent.keyboard('{ArrowDown}{End}{Home}n');
  expect(focused()).toBe('New organization');
  await userEvent.keyboard('{Escape}');
  expect(document.activeElement).toBe(button);
  expect(screen.queryByRole('menu')).toBeNull();
  await userEvent.keyboard('{ArrowDown}a{Enter}');
  await waitFor(() => expect(location.pathname).toBe('/o/acme/notes'));
});

test('Switcher_closes_when_the_focus_leaves', async () => {
  visit('/notes');
  await press('Space: Personal');
  await userEvent.tab();
  await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
});

test('Lists_of_an_organization_ask_for_it', async () => {
  visit('/o/acme/notes');
  await screen.findByText(/All members of Acme can see/);
  const lists = () => bff.calls.filter((call) => /\/notes$|\/trash$/.test(call.path) && call.method === 'GET');
  expect(lists().every((call) => call.query.get('organization') === acme.id)).toBe(true);
  const views = screen.getByRole('navigation', { name: 'Lists' });
  expect(within(views).queryByText('Shared with me')).toBeNull();
  await userEvent.click(within(views).getByText('Trash'));
  await screen.findByText('The trash is empty.');
  expect(location.pathname).toBe('/o/acme/trash');
  expect(lists().at(-1)?.path).toBe('/api/v1/notes/trash');
  expect(lists().at(-1)?.query.get('organization')).toBe(acme.id);
});

test('Note_is_created_deleted_and_restored_in_its_organization', async () => {
  visit('/o/acme/notes');
  await press('New note');
  await userEvent.type(await screen.findByLabelText('Title'), 'Roadmap');
  await press('Save');
  await screen.findByText('Saved');
  expect(location.pathname).toMatch(/^\/o\/acme\/notes\/[\da-f-]{36}$/);
  const created = bff.calls.find((call) => call.method === 'POST');
  expect(created?.query.get('organization')).toBe(acme.id);
  expect(screen.queryByRole('button', { name: 'Share…' })).toBeNull();
  await press('Delete');
  await waitFor(() => expect(location.pathname).toBe('/o/acme/notes'));
  await userEvent.click(screen.getByRole('link', { name: 'Trash' }));
  await press('Restore “Roadmap”');
  await waitFor(() => expect(location.pathname).toMatch(/^\/o\/acme\/notes\/[\da-f-]{36}$/));
});

test('New_notes_of_two_spaces_have_separate_drafts', async () => {
  visit('/o/acme/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'For Acme');
  await press('Space: Acme');
  await userEvent.click(screen.getByRole('menuitemradio', { name: 'Personal' }));
  await press('New note');
  expect((await screen.findByLabelText<HTMLInputElement>('Title')).value).toBe('');
});

test.each(['/notes/', '/o/beta/notes/', '/archive/'])('Link_%s_moves_to_the_space_of_the_note', async (path) => {
  bff.organizations.add('Beta');
  const id = bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  visit(path + id);
  expect((await screen.findByLabelText<HTMLInputElement>('Title')).value).toBe('Roadmap');
  expect(location.pathname).toBe(`/o/acme/${path.includes('archive') ? 'archive' : 'notes'}/${id}`);
});

test('Link_to_a_personal_note_leaves_the_organization', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: '' }) as [string];
  visit(`/o/acme/notes/${id}`);
  expect((await screen.findByLabelText<HTMLInputElement>('Title')).value).toBe('Groceries');
  expect(location.pathname).toBe(`/notes/${id}`);
});

test('Change_in_another_space_is_not_listed', async () => {
  visit('/notes');
  await waitFor(() => expect(bff.listeners).toBe(1));
  const [mine] = bff.seed({ title: 'Groceries', body: '' }) as [string];
  const id = bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  act(() => bff.sendEvent('changed', id));
  act(() => bff.sendEvent('changed', mine));
  await screen.findByText('Groceries');
  await waitFor(() => expect(bff.calls.some((call) => call.path.endsWith(id))).toBe(true));
  expect(screen.queryByText('Roadmap')).toBeNull();
});

test('Unknown_organization_shows_not_found', async () => {
  bff.organizations.add('Beta', null);
  visit('/o/beta/notes');
  await screen.findByRole('heading', { name: 'Page not found' });
  expect(screen.queryByRole('link', { name: 'Organization' })).toBeNull();
});

test('Organization_joined_elsewhere_opens', async () => {
  const beta = bff.organizations.add('Beta', null);
  visit('/notes');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.organizations.join(beta.id, 'Ada Lovelace', 'member', true);
  act(() => {
    history.pushState(null, '', '/o/beta/notes');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await screen.findByText(/All members of Beta can see/);
});

test('Organizations_that_fail_to_load_can_be_retried', async () => {
  bff.override = { on: 'GET /api/v1/organizations', answer: { status: 500 } };
  visit('/o/acme/notes');
  await screen.findByRole('heading', { name: 'This organization could not be loaded' });
  bff.override = null;
  await press('Try again');
  await screen.findByText(/All members of Acme can see/);
});

test('Removed_while_writing_keeps_the_text', async () => {
  const id = bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  visit(`/o/acme/notes/${id}`);
  await userEvent.type(await screen.findByLabelText('Note'), 'Half a thought');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.organizations.removeUser(acme.id);
  // The server ends the stream, and the browser opens it again.
  act(() => bff.closeStreams());
  await screen.findByRole('heading', { name: 'You’re no longer a member of this organization' });
  expect(screen.getByText('Half a thought')).toBeTruthy();
  await press('Save to my notes');
  await waitFor(() => expect(location.pathname).toMatch(/^\/notes\/[\da-f-]{36}$/));
  expect(bff.texts).toContainEqual({ title: 'Roadmap', body: 'Half a thought' });
  expect(sessionStorage).toHaveLength(0);
});

test('Text_that_cannot_be_saved_any_more_is_found_after_a_reload', async () => {
  const page = visit('/o/acme/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  page.unmount();
  bff.organizations.removeUser(acme.id);
  visit('/organizations');
  await screen.findByText('Half a thought');
  await press('Discard');
  await waitFor(() => expect(screen.queryByText('Half a thought')).toBeNull());
  expect(sessionStorage).toHaveLength(0);
});

test('Refused_list_tells_that_the_user_was_removed', async () => {
  bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  visit('/o/acme/notes');
  await screen.findByText('Roadmap');
  bff.organizations.removeUser(acme.id);
  await userEvent.type(screen.getByRole('searchbox', { name: 'Search' }), 'r');
  await screen.findByText(/You were removed from/);
  await userEvent.click(screen.getByRole('link', { name: 'Go to your notes' }));
  await screen.findByText('No notes yet.');
});
