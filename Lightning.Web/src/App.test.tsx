import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from './App';
import { leave } from './routing';
import type { TabMessage } from './session/otherTabs';
import { FakeBff } from './testing/FakeBff';

vi.mock('./routing', async (original) => ({ ...(await original<object>()), leave: vi.fn() }));

let bff: FakeBff;
const button = (name: string) => screen.findByRole('button', { name });
const press = async (name: string) => userEvent.click(await button(name));

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

const expectCovered = (element: HTMLElement) => expect(element.closest('[hidden]')).not.toBeNull();

/** Sends a message as another tab. Resolves when it was delivered. */
function otherTab(message: TabMessage): Promise<unknown> {
  const channel = new BroadcastChannel('lightning-session');
  const witness = new BroadcastChannel('lightning-session');
  const delivered = new Promise((resolve) => witness.addEventListener('message', resolve, { once: true }));
  channel.postMessage(message);
  channel.close();
  return delivered.finally(() => witness.close());
}

beforeEach(() => {
  vi.mocked(leave).mockReset();
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('Sign_in_returns_to_the_deep_link', async () => {
  bff.userId = null;
  visit('/notes/n1');
  await press('Sign in');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes%2Fn1');
});

test('Create_account_opens_the_registration_page', async () => {
  bff.userId = null;
  visit('/');
  await press('Create account');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes&prompt=create');
});

test('Home_redirects_signed_in_users_to_the_notes', async () => {
  visit('/');
  await button('New note');
  expect(location.pathname).toBe('/notes');
});

test.each([null, 'u-ada'])('Unknown_path_for_%s_shows_not_found', async (user) => {
  bff.userId = user;
  visit('/nowhere');
  await screen.findByRole('heading', { name: 'Page not found' });
});

test('Unreachable_server_can_be_retried', async () => {
  bff.override = { on: 'GET /bff/user', answer: 'down' };
  visit('/notes');
  await screen.findByRole('heading', { name: /can’t reach/ });
  bff.override = null;
  await press('Try again');
  await button('New note');
});

test('Sign_out_follows_the_URL_of_the_server', async () => {
  visit('/notes');
  await press('Sign out');
  await waitFor(() =>
    expect(leave).toHaveBeenCalledWith('http://localhost:5101/connect/endsession?client_id=lightning-bff'),
  );
});

test('Sign_out_does_not_show_session_ended', async () => {
  visit('/notes');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  await press('Sign out');
  await waitFor(() => expect(leave).toHaveBeenCalled());
  const before = bff.calls.length;
  bff.closeStreams();
  await waitFor(() => expect(bff.calls.slice(before).some((call) => call.path === '/bff/user')).toBe(true));
  await waitFor(() => expect(bff.isWatched).toBe(false));
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
  expect(screen.queryByRole('button', { name: 'Sign in again' })).toBeNull();
});

test('Sign_out_with_unsaved_text_asks_and_removes_it', async () => {
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Secret');
  await press('Sign out');
  expect(bff.userId).not.toBeNull();
  await press('Discard and continue');
  await waitFor(() => expect(leave).toHaveBeenCalled());
  expect(sessionStorage).toHaveLength(0);
});

test('Failed_sign_out_shows_still_signed_in', async () => {
  bff.override = { on: 'POST /bff/logout', answer: { status: 503 } };
  visit('/notes');
  await press('Sign out');
  await screen.findByText(/You are still signed in/);
  expect(leave).not.toHaveBeenCalled();
});

test('Visible_tab_with_ended_session_keeps_the_page', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  visit('/notes');
  await screen.findByText('Groceries');
  bff.userId = null;
  document.dispatchEvent(new Event('visibilitychange'));
  await press('Sign in again');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes');
  expect(screen.getByText('Groceries')).toBeTruthy();
});

test('Session_ended_elsewhere_is_shown_and_keeps_the_text', async () => {
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  bff.end();
  await screen.findByText(/Your session has ended/);
  await screen.findByText(/unsaved text is kept in this tab/);
  expect((screen.getByLabelText('Title') as HTMLInputElement).value).toBe('Half a thought');
  await waitFor(() => expect(bff.isWatched).toBe(false));
});

test('Ended_session_covers_the_note', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: 'Lemons' }) as [string];
  visit(`/notes/${id}`);
  await screen.findByDisplayValue('Lemons');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  bff.end();
  await button('Sign in again');
  expectCovered(screen.getByDisplayValue('Lemons'));
  expect(document.title).not.toContain('Groceries');
});

test('Unsaved_text_that_cannot_be_stored_stays_in_view', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('Full', 'QuotaExceededError');
  });
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  bff.end();
  await screen.findByText(/Copy it before you sign in/);
  expect(screen.getByDisplayValue('Half a thought').closest('[hidden]')).toBeNull();
  // Signing out is meant to hide the text from others.
  otherTab({ kind: 'ended', userId: 'u-ada', signedOut: true });
  await screen.findByText(/You signed out in another tab/);
  expectCovered(screen.getByDisplayValue('Half a thought'));
});

test('Sign_out_in_another_tab_covers_the_note_and_keeps_unsaved_text', async () => {
  const [id] = bff.seed({ title: 'Groceries', body: 'Lemons' }) as [string];
  visit(`/notes/${id}`);
  await userEvent.type(await screen.findByDisplayValue('Lemons'), ' and limes');
  bff.userId = null;
  otherTab({ kind: 'ended', userId: 'u-ada', signedOut: true });
  await screen.findByText(/You signed out in another tab/);
  expectCovered(screen.getByDisplayValue('Lemons and limes'));
  // As the browser does for the sign-out's Clear-Site-Data.
  sessionStorage.clear();
  await press('Sign in again');
  expect(leave).toHaveBeenCalledWith(`/bff/login?returnUrl=%2Fnotes%2F${id}`);
  expect(JSON.stringify({ ...sessionStorage })).toContain('Lemons and limes');
});

test.each([
  { kind: 'ended', userId: 'u-bob', signedOut: true },
  { kind: 'signed-in', userId: 'u-ada' },
] as const)('Message_%o_of_another_tab_changes_nothing', async (message) => {
  bff.seed({ title: 'Groceries', body: '' });
  visit('/notes');
  await screen.findByText('Groceries');
  const before = bff.calls.length;
  const delivered = otherTab(message);
  await delivered;
  expect(screen.getByText('Groceries').closest('[hidden]')).toBeNull();
  expect(bff.calls).toHaveLength(before);
});

test('Late_message_of_another_tab_does_not_keep_an_active_session_covered', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  visit('/notes');
  await screen.findByText('Groceries');
  bff.override = { on: 'GET /bff/user', answer: 'down' };
  otherTab({ kind: 'ended', userId: 'u-ada', signedOut: false });
  await button('Sign in again');
  bff.override = null;
  otherTab({ kind: 'signed-in', userId: 'u-ada' });
  await waitFor(() => expect(screen.getByText('Groceries').closest('[hidden]')).toBeNull());
  expect(screen.queryByRole('button', { name: 'Sign in again' })).toBeNull();
  await waitFor(() => expect(bff.isWatched).toBe(true));
});

test('Other_tabs_are_told_about_sign_in_and_sign_out', async () => {
  const told: unknown[] = [];
  const channel = new BroadcastChannel('lightning-session');
  channel.addEventListener('message', ({ data }) => told.push(data));
  visit('/notes');
  await waitFor(() => expect(told).toEqual([{ kind: 'signed-in', userId: 'u-ada' }]));
  await press('Sign out');
  await waitFor(() => expect(told).toContainEqual({ kind: 'ended', userId: 'u-ada', signedOut: true }));
  channel.close();
});

test('Session_that_ended_elsewhere_is_told_to_other_tabs_once', async () => {
  const told: unknown[] = [];
  const channel = new BroadcastChannel('lightning-session');
  channel.addEventListener('message', ({ data }) => told.push(data));
  visit('/notes');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  bff.end();
  await button('Sign in again');
  document.dispatchEvent(new Event('visibilitychange'));
  await otherTab({ kind: 'ended', userId: 'u-bob', signedOut: false });
  channel.close();
  expect(told.filter((message) => (message as { userId: string }).userId === 'u-ada')).toEqual([
    { kind: 'signed-in', userId: 'u-ada' },
    { kind: 'ended', userId: 'u-ada', signedOut: false },
  ]);
});

test('Closed_stream_with_active_session_reconnects', async () => {
  visit('/notes');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  const before = bff.calls.length;
  bff.closeStreams();
  await waitFor(() => expect(bff.calls.slice(before).some((call) => call.path === '/bff/user')).toBe(true));
  await waitFor(() => expect(bff.isWatched).toBe(true), { timeout: 5000 });
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
});

test('Hidden_tab_holds_no_connection', async () => {
  visit('/notes');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  await waitFor(() => expect(bff.isWatched).toBe(false));
  visibility.mockReturnValue('visible');
  document.dispatchEvent(new Event('visibilitychange'));
  await waitFor(() => expect(bff.isWatched).toBe(true));
});

test.each(['/notes', '/notes/new', '/devices'])(
  'Impersonation_on_%s_shows_the_banner_and_hides_the_account',
  async (path) => {
    bff.act = { sub: 'u-root', name: 'Root', mayWrite: true };
    visit(path);
    const banner = await screen.findByRole('region', { name: 'Impersonation' });
    expect(banner.textContent).toContain('You are impersonating Ada Lovelace');
    expect(screen.queryByRole('link', { name: 'Devices' })).toBeNull();
    expect(screen.queryByRole('button', { name: 'Sign out' })).toBeNull();
    expect(bff.calls.some((call) => call.path.startsWith('/bff/sessions'))).toBe(false);
  },
);

test('Read_only_impersonation_says_so_and_offers_no_new_note', async () => {
  bff.act = { sub: 'u-root', name: 'Root', mayWrite: false };
  visit('/notes');
  const banner = await screen.findByRole('region', { name: 'Impersonation' });
  expect(banner.textContent).toContain('You can read, but change nothing.');
  await screen.findByRole('searchbox');
  expect(screen.queryByRole('button', { name: 'New note' })).toBeNull();
});

test('Stop_impersonation_asks_about_unsaved_text_and_returns_to_admin', async () => {
  bff.act = { sub: 'u-root', name: 'Root', mayWrite: true };
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await press('Stop impersonating');
  expect(bff.userId).not.toBeNull();
  await press('Discard and continue');
  await waitFor(() => expect(leave).toHaveBeenCalledWith('http://localhost:5103/accounts/u-ada'));
  expect(sessionStorage).toHaveLength(0);
});

test('Ended_impersonation_is_shown_and_discards_unsaved_text', async () => {
  bff.act = { sub: 'u-root', name: 'Root', mayWrite: true };
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await waitFor(() => expect(bff.isWatched).toBe(true));
  bff.end();
  await screen.findByText(/The impersonation of Ada Lovelace has ended/);
  await press('Return to your account');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes');
  expect(sessionStorage).toHaveLength(0);
});

test('Banner_is_hidden_without_impersonation', async () => {
  visit('/notes');
  await button('New note');
  expect(screen.queryByRole('region', { name: 'Impersonation' })).toBeNull();
});
