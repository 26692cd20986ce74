import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';

let bff: FakeBff;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

async function remove(title: string): Promise<string> {
  const [id = ''] = bff.seed({ title, body: 'Lemons' });
  history.replaceState(null, '', `/notes/${id}`);
  const page = render(<App />);
  await press('Delete');
  await screen.findByText(`“${title}” was moved to the trash.`);
  page.unmount();
  return id;
}

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('Empty_trash_says_so', async () => {
  visit('/trash');
  await screen.findByText('The trash is empty.');
  expect(screen.getByRole('link', { name: 'Trash' }).getAttribute('aria-current')).toBe('page');
});

test('Restore_opens_the_same_note', async () => {
  const id = await remove('Groceries');
  visit('/trash');
  await press('Restore “Groceries”');
  await waitFor(() => expect(location.pathname).toBe(`/notes/${id}`));
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Title').value).toBe('Groceries'));
  expect(bff.trash.size).toBe(0);
});

test('Delete_permanently_asks_first', async () => {
  await remove('Groceries');
  visit('/trash');
  await press('Delete “Groceries” permanently');
  await press('Cancel');
  expect(bff.trash.size).toBe(1);
  await press('Delete “Groceries” permanently');
  await press('Delete permanently');
  await screen.findByText('The trash is empty.');
  expect(bff.trash.size).toBe(0);
  expect(bff.texts).toEqual([]);
});

test('Note_that_is_gone_leaves_the_list', async () => {
  const id = await remove('Groceries');
  visit('/trash');
  await screen.findByText('Groceries');
  bff.trash.delete(id);
  await press('Restore “Groceries”');
  await screen.findByText('The trash is empty.');
  await screen.findByText('This note is no longer in the trash.');
});

test('Failed_list_can_be_retried', async () => {
  await remove('Groceries');
  bff.override = { on: 'GET /api/v1/notes/trash', answer: { status: 500 } };
  visit('/trash');
  await screen.findByText(/Your trash could not be loaded/);
  bff.override = null;
  await press('Try again');
  await screen.findByText('Groceries');
});

test('Trash_follows_deletions_made_elsewhere', async () => {
  const id = await remove('Groceries');
  visit('/trash');
  await screen.findByText('Groceries');
  await waitFor(() => expect(bff.listeners).toBe(1));
  bff.trash.delete(id);
  act(() => bff.sendEvent('changed', id));
  await screen.findByText('The trash is empty.');
});

test('Undo_after_a_lost_response_restores_once', async () => {
  const [id = ''] = bff.seed({ title: 'Groceries', body: 'Lemons' });
  visit(`/notes/${id}`);
  await press('Delete');
  const real = bff.fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    await real(path, init);
    throw new TypeError('Failed to fetch');
  });
  await press('Undo');
  await screen.findByText(/could not be restored/);
  vi.stubGlobal('fetch', real);
  await press('Undo');
  await waitFor(() => expect(location.pathname).toBe(`/notes/${id}`));
  expect(bff.texts).toEqual([{ title: 'Groceries', body: 'Lemons' }]);
});
