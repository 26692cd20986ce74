import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';

let bff: FakeBff;
const button = (name: string) => screen.findByRole('button', { name });
const press = async (name: string) => userEvent.click(await button(name));
const field = async (name: 'Title' | 'Note') => screen.findByLabelText<HTMLInputElement>(name);

async function write(name: 'Title' | 'Note', text: string) {
  const input = await field(name);
  await userEvent.clear(input);
  await userEvent.type(input, text);
}

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('Empty_list_shows_a_hint', async () => {
  visit('/notes');
  await screen.findByText('No notes yet.');
});

test('Failed_list_can_be_retried', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  bff.override = { on: 'GET /api', answer: { status: 500, problem: { traceId: 'abc' } } };
  visit('/notes');
  await screen.findByText(/Reference: abc/);
  bff.override = null;
  await press('Try again');
  await screen.findByText('Groceries');
});

test('List_loads_more_on_request', async () => {
  bff.seed(...Array.from({ length: 25 }, (_, n) => ({ title: `Entry ${n}`, body: '' })));
  visit('/notes');
  await screen.findByText('Entry 24');
  expect(screen.queryByText('Entry 0')).toBeNull();
  await press('Show more');
  await screen.findByText('Entry 0');
  expect(screen.getAllByText(/^Entry/)).toHaveLength(25);
  expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
});

test('List_follows_changes_made_elsewhere', async () => {
  const [kept, lost] = bff.seed({ title: 'Groceries', body: '' }, { title: 'Errands', body: '' }) as [string, string];
  visit('/notes');
  await screen.findByText('Errands');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.change(kept, { title: 'Groceries and wine' });
  bff.sendEvent('changed', kept);
  await screen.findByText('Groceries and wine');
  bff.drop(lost);
  bff.sendEvent('gone', lost);
  await waitFor(() => expect(screen.queryByText('Errands')).toBeNull());
});

test('Refresh_drops_deleted_notes_and_keeps_later_pages', async () => {
  const ids = bff.seed(...Array.from({ length: 45 }, (_, n) => ({ title: `Entry ${n}`, body: '' })));
  visit('/notes');
  await screen.findByText('Entry 44');
  await press('Show more');
  await screen.findByText('Entry 20');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.drop(ids[44] ?? '');
  bff.sendAnything();
  await waitFor(() => expect(screen.queryByText('Entry 44')).toBeNull());
  expect(screen.getByText('Entry 6')).toBeTruthy();
});

test('Failed_refresh_during_loading_can_be_retried', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  bff.hold = true;
  visit('/notes');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.override = { on: 'GET /api/v1/notes', answer: { status: 500 } };
  bff.sendAnything();
  await button('Try again');
});

test('List_shows_all_pinned_notes', async () => {
  for (const id of bff.seed(...Array.from({ length: 101 }, (_, n) => ({ title: `Entry ${n}`, body: '' })))) bff.pin(id);
  visit('/notes');
  await screen.findByText('Entry 100');
  expect(screen.getByText('Entry 0')).toBeTruthy();
});

test('Edit_keeps_the_text_when_the_note_changes', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: 'Lemons' }) as [string];
  visit(`/notes/${id}`);
  await write('Note', 'Lemons and limes');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.change(id, { body: 'Oranges' });
  bff.sendEvent('changed', id);
  await press('Save');
  await screen.findByText('Conflict: this note was changed by someone else.');
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Oranges' }]);
});

test('Save_creates_the_note_and_updates_the_URL', async () => {
  visit('/notes');
  await press('New note');
  await write('Title', 'Groceries');
  await write('Note', 'Lemons');
  await press('Save');
  await screen.findByText('Saved');
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Lemons' }]);
  expect(location.pathname).toMatch(/^\/notes\/[\da-f-]{36}$/);
  expect(document.activeElement).toBe(await button('Save'));
  expect(sessionStorage).toHaveLength(0);
});

test('Save_by_keyboard_works', async () => {
  visit('/notes/new');
  await write('Title', 'Groceries');
  await userEvent.keyboard('{Control>}s{/Control}');
  await screen.findByText('Saved');
});

test('Save_sends_the_version_as_If_Match', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit('/notes');
  await userEvent.click(await screen.findByRole('link', { name: /Groceries/ }));
  await write('Note', 'Limes');
  await press('Save');
  await screen.findByText('Saved');
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Limes' }]);
  expect(bff.calls.find((made) => made.method === 'PUT' && made.path.endsWith(id ?? ''))?.headers.get('if-match')).toBe(
    '"1"',
  );
});

test('Save_with_invalid_field_shows_the_error_and_focuses_it', async () => {
  visit('/notes/new');
  await write('Note', 'Lemons');
  await press('Save');
  await screen.findByText('Required.');
  const title = await field('Title');
  expect(title.getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(title);
  expect((await field('Note')).value).toBe('Lemons');
});

test('Save_retry_after_lost_response_creates_no_duplicate', async () => {
  visit('/notes/new');
  await write('Title', 'Once');
  const real = bff.fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    await real(path, init);
    throw new TypeError('Failed to fetch');
  });
  await press('Save');
  await screen.findByText(/could not be reached/);
  vi.stubGlobal('fetch', real);
  await press('Save');
  await screen.findByText('Saved');
  expect(bff.texts).toHaveLength(1);
});

test('Save_retry_after_lost_response_is_no_conflict', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await write('Note', 'Limes');
  const real = bff.fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    await real(path, init);
    throw new TypeError('Failed to fetch');
  });
  await press('Save');
  await screen.findByText(/could not be reached/);
  vi.stubGlobal('fetch', real);
  await press('Save');
  await screen.findByText('Saved');
});

test('Save_with_ended_session_keeps_the_text_through_sign_in', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  const page = visit(`/notes/${id}`);
  await write('Note', 'Limes');
  bff.userId = null;
  await press('Save');
  await screen.findByText(/unsaved text is kept in this tab/);
  expect((await field('Note')).value).toBe('Limes');

  page.unmount();
  bff.userId = 'u-ada';
  visit(`/notes/${id}`);
  expect((await field('Note')).value).toBe('Limes');
  await press('Save');
  await screen.findByText('Saved');
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Limes' }]);
});

test('Draft_of_another_user_is_not_shown', async () => {
  const page = visit('/notes/new');
  await write('Note', 'Ada’s secret');
  page.unmount();
  bff.userId = 'u-grace';
  visit('/notes/new');
  expect((await field('Note')).value).toBe('');
});

test('Draft_is_kept_while_another_note_is_open', async () => {
  bff.seed({ title: 'One', body: '' }, { title: 'Two', body: '' });
  visit('/notes');
  await userEvent.click(await screen.findByRole('link', { name: /One/ }));
  await write('Note', 'half a sent');
  await userEvent.click(screen.getByRole('link', { name: /Two/ }));
  await vi.waitFor(async () => expect((await field('Title')).value).toBe('Two'));
  await userEvent.click(screen.getByRole('link', { name: /One.*Unsaved changes/ }));
  expect((await field('Note')).value).toBe('half a sent');
});

async function collide(): Promise<void> {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await write('Note', 'Limes');
  bff.change(id, { body: 'Oranges' });
  await press('Save');
  await screen.findByText('Oranges');
  expect((await field('Note')).value).toBe('Limes');
}

test('Conflict_keep_both_saves_mine_as_a_new_note', async () => {
  await collide();
  await press('Keep both versions');
  await vi.waitFor(() => expect(bff.texts.map((text) => text.body)).toEqual(['Limes', 'Oranges']));
});

test('Conflict_keep_mine_overwrites_the_other', async () => {
  await collide();
  await press('Keep my version');
  await screen.findByText('Saved');
  expect(bff.texts.map((text) => text.body)).toEqual(['Limes']);
});

test('Conflict_discard_mine_shows_the_other', async () => {
  await collide();
  await press('Discard my version');
  await vi.waitFor(async () => expect((await field('Note')).value).toBe('Oranges'));
  expect(bff.texts.map((text) => text.body)).toEqual(['Oranges']);
});

test('Conflict_with_a_deletion_can_save_mine_as_new', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await write('Note', 'Limes');
  bff.drop(id);
  await press('Save');
  await press('Save as new note');
  await vi.waitFor(() => expect(bff.texts.map((text) => text.body)).toEqual(['Limes']));
});

test('Draft_of_a_deleted_note_can_be_saved_as_new', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  const page = visit(`/notes/${id}`);
  await write('Note', 'Limes');
  page.unmount();
  bff.drop(id);
  visit(`/notes/${id}`);
  await screen.findByText('Limes');
  await press('Save as new note');
  await vi.waitFor(() => expect(bff.texts.map((text) => text.body)).toEqual(['Limes']));
});

test('Undo_restores_the_note_and_its_draft', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await write('Note', 'Limes');
  await press('Delete');
  await screen.findByText('“Groceries” was moved to the trash.');
  expect(bff.texts).toEqual([]);
  await press('Undo');
  expect((await field('Note')).value).toBe('Limes');
  expect(location.pathname).toBe(`/notes/${id}`);
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Lemons' }]);
});

test('Delete_of_a_changed_note_shows_the_new_version', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await field('Note');
  act(() => bff.change(id, { body: 'Oranges' }));
  await press('Delete');
  await screen.findByText(/Not deleted/);
  expect((await field('Note')).value).toBe('Oranges');
});

test('Unknown_note_shows_not_found', async () => {
  visit('/notes/someone-elses');
  await screen.findByRole('heading', { name: 'Note not found' });
});

test('Search_filters_the_list', async () => {
  bff.seed({ title: 'Groceries', body: 'Lemons' }, { title: 'Errands', body: 'Bank' });
  visit('/notes');
  await screen.findByText('Errands');
  await userEvent.type(screen.getByRole('searchbox', { name: 'Search' }), 'lemon');
  await waitFor(() => expect(screen.queryByText('Errands')).toBeNull());
  await screen.findByText('Groceries');
  await userEvent.clear(screen.getByRole('searchbox'));
  await screen.findByText('Errands');
  await userEvent.type(screen.getByRole('searchbox'), 'nowhere');
  await screen.findByText('No notes found.');
});

test('Pin_moves_the_note_to_the_top_and_keeps_the_draft', async () => {
  const [old] = bff.seed({ title: 'Old', body: '' }, { title: 'Newer', body: '' }) as [string];
  visit(`/notes/${old}`);
  await write('Note', 'Begun before');
  await press('Pin');
  await button('Unpin');
  expect(screen.getAllByRole('listitem')[0]?.textContent).toContain('Old');
  await press('Save');
  await screen.findByText('Saved');
  expect(bff.texts).toContainEqual({ title: 'Old', body: 'Begun before' });
  await press('Unpin');
  await button('Pin');
});

test('Archive_and_unarchive_move_the_note', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: '' }, { title: 'Errands', body: '' }) as [string];
  visit(`/notes/${id}`);
  await press('Archive');
  await button('Unarchive');
  expect(screen.queryByRole('link', { name: /Groceries/ })).toBeNull();
  await userEvent.click(screen.getByRole('link', { name: 'Archive' }));
  await userEvent.click(await screen.findByRole('link', { name: /Groceries/ }));
  await press('Unarchive');
  await screen.findByText('No archived notes.');
  await userEvent.click(screen.getByRole('link', { name: 'All' }));
  await screen.findByRole('link', { name: /Groceries/ });
});

test('Archive_of_a_changed_note_retries', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: '' }) as [string];
  visit(`/notes/${id}`);
  await field('Title');
  bff.change(id, { body: 'Limes' });
  await press('Archive');
  await button('Unarchive');
  expect((await field('Note')).value).toBe('Limes');
});

test('Archive_of_selected_notes_keeps_the_others', async () => {
  bff.seed({ title: 'One', body: '' }, { title: 'Two', body: '' }, { title: 'Three', body: '' });
  bff.receive({ title: 'Theirs', body: '' });
  visit('/notes');
  await press('Select');
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'Theirs' }).disabled).toBe(true);
  await userEvent.click(screen.getByRole('checkbox', { name: 'One' }));
  await userEvent.click(screen.getByRole('checkbox', { name: 'Two' }));
  await press('Archive 2 notes');
  await waitFor(() => expect(screen.queryByText('Two')).toBeNull());
  expect(screen.getAllByRole('listitem').map((item) => item.querySelector('.notes-title')?.textContent)).toEqual([
    'Theirs',
    'Three',
  ]);
});

test('Share_is_listed_changed_and_removed', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: '' }) as [string];
  visit(`/notes/${id}`);
  await press('Share…');
  await userEvent.type(await screen.findByLabelText('Email address'), 'nonsense');
  await press('Share');
  await screen.findByText('Enter an email address, such as ada@example.com.');
  await userEvent.clear(screen.getByLabelText('Email address'));
  await userEvent.type(screen.getByLabelText('Email address'), 'grace@example.com');
  await press('Share');
  await screen.findByText('Shared with grace@example.com.');
  expect([...bff.shares.values()]).toMatchObject([{ noteId: id, address: 'grace@example.com', canEdit: false }]);
  await userEvent.click(screen.getByRole('checkbox', { name: 'grace@example.com can edit' }));
  await waitFor(() => expect([...bff.shares.values()][0]?.canEdit).toBe(true));
  await userEvent.type(screen.getByLabelText('Email address'), 'grace@example.com');
  await press('Share');
  await screen.findByText(/already shared with this address/);
  await press('Remove access for grace@example.com');
  await waitFor(() => expect(bff.shares.size).toBe(0));
  expect(screen.queryByRole('list', { name: 'Shared with' })).toBeNull();
});

test('Shared_note_is_read_only_and_can_be_removed', async () => {
  bff.receive({ title: 'Theirs', body: 'To read' });
  bff.seed({ title: 'Mine', body: '' });
  visit('/shared');
  await userEvent.click(await screen.findByRole('link', { name: /Theirs/ }));
  expect((await field('Note')).readOnly).toBe(true);
  expect(screen.queryByText('Mine')).toBeNull();
  for (const name of ['Save', 'Pin', 'Archive', 'Share…', 'Delete'])
    expect(screen.queryByRole('button', { name })).toBeNull();
  await press('Remove from my notes');
  await screen.findByText('No notes have been shared with you.');
});
