import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { leave } from '../routing';
import { device, FakeBff } from '../testing/FakeBff';
import { way } from './devices';

vi.mock('../routing', async (original) => ({ ...(await original<object>()), leave: vi.fn() }));

let bff: FakeBff;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

beforeEach(() => {
  vi.mocked(leave).mockReset();
  bff = new FakeBff();
  bff.devices = [device('here', { current: true, device: 'Chrome on Linux' }), device('phone', { device: 'Safari on iPhone', ip: null }), device('old', { device: null })];
  vi.stubGlobal('fetch', bff.fetch);
  history.replaceState(null, '', '/devices');
  render(<App />);
});

test('Devices_Listed_MarkThisOneAndOfferToEndTheOthers', async () => {
  const rows = await screen.findAllByRole('listitem');
  expect(rows.map((row) => within(row).queryByText('This device') !== null)).toEqual([true, false, false]);
  expect(rows.map((row) => within(row).queryByRole('button') !== null)).toEqual([false, true, true]);
  expect(rows[1]?.textContent).toContain('Safari on iPhone');
  expect(rows[1]?.textContent).toContain('Unknown address, by password');
  expect(screen.getByRole('link', { name: 'Devices' }).getAttribute('aria-current')).toBe('page');
});

test('Device_InWhichAnAdministratorActs_IsCalledThat_AndSaysNothingOfASignIn', async () => {
  bff.devices.push(device('acted', { acting: true, device: null, ip: null, methods: ['pwd'] }));
  await press('Sign out Safari on iPhone');
  const row = (await screen.findByText('An administrator, acting as you')).closest('li');
  expect(row?.textContent).toContain('Signed in as themself, with nothing of yours');
  expect(row?.textContent).toContain('begun');
  expect(row?.textContent).not.toMatch(/password|Unknown|· signed in/);
  await press('Sign out An administrator, acting as you');
  await screen.findByText('An administrator, acting as you is signed out.');
});

test('Device_Ended_LeavesTheListAndSaysSo', async () => {
  await press('Sign out Safari on iPhone');
  await screen.findByText('Safari on iPhone is signed out.');
  await vi.waitFor(() => expect(screen.queryByText('Safari on iPhone')).toBeNull());
  expect(bff.devices.map((one) => one.id)).toEqual(['here', 'old']);
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Devices' }));
});

test('Device_EndedByItselfMeanwhile_IsSimplyGone', async () => {
  await screen.findByText('Safari on iPhone');
  bff.devices = bff.devices.filter((one) => one.id !== 'phone');
  await press('Sign out Safari on iPhone');
  await screen.findByText('Safari on iPhone is signed out.');
});

test('Others_Ended_AfterTheQuestionOnly', async () => {
  await press('Sign out everywhere else');
  await press('Cancel');
  expect(bff.devices).toHaveLength(3);
  await press('Sign out everywhere else');
  await press('Sign out the others');
  await screen.findByText('You are signed in nowhere else.');
  expect(bff.devices.map((one) => one.id)).toEqual(['here']);
});

test('Proof_TooOld_LeadsToSigningInAndBackHere', async () => {
  bff.isStale = true;
  await press('Sign out Safari on iPhone');
  await press('Sign in again');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fdevices&prompt=login');
  expect(bff.devices).toHaveLength(3);
});

test('Failure_ToEnd_SaysThatNothingWasEnded', async () => {
  await screen.findByText('Safari on iPhone');
  bff.fault = { on: 'DELETE /bff/sessions', answer: { status: 503 } };
  await press('Sign out Safari on iPhone');
  await screen.findByText(/Nothing was ended/);
  expect(screen.getByText('Safari on iPhone')).toBeTruthy();
});

test.each([
  [['pwd'], 'password'],
  [['pwd', 'otp', 'mfa'], 'password and code'],
  [['pop', 'user', 'mfa'], 'passkey'],
  [[], 'another way'],
])('Way_%o_Is_%s', (methods, words) => {
  expect(way(methods)).toBe(words);
});
