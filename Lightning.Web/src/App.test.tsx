import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from './App';
import { leave } from './routing';
import { FakeBff } from './testing/FakeBff';

vi.mock('./routing', async (original) => ({ ...(await original<object>()), leave: vi.fn() }));

let bff: FakeBff;
const button = (name: string) => screen.findByRole('button', { name });
const press = async (name: string) => userEvent.click(await button(name));

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

beforeEach(() => {
  vi.mocked(leave).mockReset();
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('SignIn_FromADeepLink_ComesBackToIt', async () => {
  bff.userId = null;
  visit('/notes/n1');
  await press('Sign in');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes%2Fn1');
});

test('CreateAccount_AsksTheProviderForItsRegistrationPage', async () => {
  bff.userId = null;
  visit('/');
  await press('Create account');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes&prompt=create');
});

test('Home_SignedIn_GoesToTheNotes', async () => {
  visit('/');
  await button('New note');
  expect(location.pathname).toBe('/notes');
});

test.each([null, 'u-ada'])('UnknownAddress_For%s_SaysSo', async (user) => {
  bff.userId = user;
  visit('/nowhere');
  await screen.findByRole('heading', { name: 'Lightning never struck here' });
});

test('Server_Unreachable_OffersAnotherTry', async () => {
  bff.fault = { on: 'GET /bff/user', answer: 'down' };
  visit('/notes');
  await screen.findByRole('heading', { name: /can’t reach/ });
  bff.fault = null;
  await press('Try again');
  await button('New note');
});

test('SignOut_LeadsWhereTheServerSays', async () => {
  visit('/notes');
  await press('Sign out');
  await vi.waitFor(() => expect(leave).toHaveBeenCalledWith('http://localhost:5101/connect/endsession?client_id=lightning-bff'));
});

test('SignOut_UnderWay_MakesNoNewsOfTheEnd', async () => {
  visit('/notes');
  await vi.waitFor(() => expect(bff.watched).toBe(true));
  await press('Sign out');
  await vi.waitFor(() => expect(leave).toHaveBeenCalled());
  const before = bff.calls.length;
  bff.hangUp();
  await vi.waitFor(() => expect(bff.calls.slice(before).some((call) => call.path === '/bff/user')).toBe(true));
  await vi.waitFor(() => expect(bff.watched).toBe(false));
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
  expect(screen.queryByRole('button', { name: 'Sign in again' })).toBeNull();
});

test('SignOut_WithUnsavedText_AsksFirstAndThenLeavesNoneBehind', async () => {
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Secret');
  await press('Sign out');
  expect(bff.userId).not.toBeNull();
  await press('Drop it and go');
  await vi.waitFor(() => expect(leave).toHaveBeenCalled());
  expect(sessionStorage).toHaveLength(0);
});

test('SignOut_Refused_SaysThatThePersonIsStillSignedIn', async () => {
  bff.fault = { on: 'POST /bff/logout', answer: { status: 503 } };
  visit('/notes');
  await press('Sign out');
  await screen.findByText(/You are still signed in/);
  expect(leave).not.toHaveBeenCalled();
});

test('Return_ToATabWhoseSessionEnded_SaysSoAndKeepsThePage', async () => {
  bff.seed({ title: 'Groceries', body: '' });
  visit('/notes');
  await screen.findByText('Groceries');
  bff.userId = null;
  document.dispatchEvent(new Event('visibilitychange'));
  await press('Sign in again');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes');
  expect(screen.getByText('Groceries')).toBeTruthy();
});

test('Session_EndedElsewhere_IsSaidByTheOpenTabWithoutAClick_AndTheTextIsKept', async () => {
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await vi.waitFor(() => expect(bff.watched).toBe(true));
  bff.end();
  await screen.findByText(/Your session has ended/);
  await screen.findByText(/unsaved text is kept in this tab/);
  expect((screen.getByLabelText('Title') as HTMLInputElement).value).toBe('Half a thought');
  await vi.waitFor(() => expect(bff.watched).toBe(false));
});

test('Server_HangingUpOnALivingSession_IsNoEnd', async () => {
  visit('/notes');
  await vi.waitFor(() => expect(bff.watched).toBe(true));
  const before = bff.calls.length;
  bff.hangUp();
  await vi.waitFor(() => expect(bff.calls.slice(before).some((call) => call.path === '/bff/user')).toBe(true));
  await vi.waitFor(() => expect(bff.watched).toBe(true), { timeout: 5000 });
  expect(screen.queryByText(/Your session has ended/)).toBeNull();
});

test('Tab_OutOfView_HoldsNoConnection', async () => {
  visit('/notes');
  await vi.waitFor(() => expect(bff.watched).toBe(true));
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(bff.watched).toBe(false));
  visibility.mockReturnValue('visible');
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(bff.watched).toBe(true));
});

test.each(['/notes', '/notes/new', '/devices'])('Acting_On%s_IsAnnounced_AndOffersNothingThatIsThePersonsAlone', async (path) => {
  bff.act = { sub: 'u-root', name: 'Root' };
  visit(path);
  const banner = await screen.findByRole('region', { name: 'You act as somebody' });
  expect(banner.textContent).toContain('You act as Ada Lovelace');
  expect(screen.queryByRole('link', { name: 'Devices' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Sign out' })).toBeNull();
  expect(bff.calls.some((call) => call.path.startsWith('/bff/sessions'))).toBe(false);
});

test('Stop_WhileActing_AsksAboutUnsavedText_AndLeadsBackToTheAdminSite', async () => {
  bff.act = { sub: 'u-root', name: 'Root' };
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await press('Stop');
  expect(bff.userId).not.toBeNull();
  await press('Drop it and go');
  await vi.waitFor(() => expect(leave).toHaveBeenCalledWith('http://localhost:5103/accounts/u-ada'));
  expect(sessionStorage).toHaveLength(0);
});

test('Acting_Over_SaysSo_AndLeavesNothingUnsavedBehind', async () => {
  bff.act = { sub: 'u-root', name: 'Root' };
  visit('/notes/new');
  await userEvent.type(await screen.findByLabelText('Title'), 'Half a thought');
  await vi.waitFor(() => expect(bff.watched).toBe(true));
  bff.end();
  await screen.findByText(/You no longer act as Ada Lovelace/);
  await press('Go on as yourself');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fnotes');
  expect(sessionStorage).toHaveLength(0);
});

test('Person_WhoActsThemself_SeesNoSuchBanner', async () => {
  visit('/notes');
  await button('New note');
  expect(screen.queryByRole('region', { name: 'You act as somebody' })).toBeNull();
});
