import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { leave } from '../routing';
import { device, FakeBff } from '../testing/FakeBff';
import { describeMethods } from './devices';

vi.mock('../routing', async (original) => ({ ...(await original<object>()), leave: vi.fn() }));

let bff: FakeBff;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

beforeEach(() => {
  vi.mocked(leave).mockReset();
  bff = new FakeBff();
  bff.devices = [
    device('here', { current: true, device: 'Chrome on Linux' }),
    device('phone', { device: 'Safari on iPhone', ip: null }),
    device('old', { device: null }),
  ];
  vi.stubGlobal('fetch', bff.fetch);
  history.replaceState(null, '', '/devices');
  render(<App />);
});

test('List_marks_this_device_and_can_sign_out_the_others', async () => {
  const rows = await screen.findAllByRole('listitem');
  expect(rows.map((row) => within(row).queryByText('This device') !== null)).toEqual([true, false, false]);
  expect(rows.map((row) => within(row).queryByRole('button') !== null)).toEqual([false, true, true]);
  expect(rows[1]?.textContent).toContain('Safari on iPhone');
  expect(rows[1]?.textContent).toContain('Unknown address, with password');
  expect(screen.getByRole('link', { name: 'Devices' }).getAttribute('aria-current')).toBe('page');
});

test('Impersonation_session_is_labeled_and_shows_no_sign_in', async () => {
  bff.devices.push(device('acted', { acting: true, device: null, ip: null, methods: ['pwd'] }));
  await press('Sign out Safari on iPhone');
  const row = (await screen.findByText('Administrator impersonating you')).closest('li');
  expect(row?.textContent).toContain('Signed in with their own account');
  expect(row?.textContent).toContain('started');
  expect(row?.textContent).not.toMatch(/password|Unknown|· signed in/);
  await press('Sign out Administrator impersonating you');
  await screen.findByText('Administrator impersonating you was signed out.');
});

test('Sign_out_removes_the_device_and_confirms', async () => {
  await press('Sign out Safari on iPhone');
  await screen.findByText('Safari on iPhone was signed out.');
  await vi.waitFor(() => expect(screen.queryByText('Safari on iPhone')).toBeNull());
  expect(bff.devices.map((one) => one.id)).toEqual(['here', 'old']);
  expect(document.activeElement).toBe(screen.getByRole('heading', { name: 'Devices' }));
});

test('Sign_out_of_an_ended_session_succeeds', async () => {
  await screen.findByText('Safari on iPhone');
  bff.devices = bff.devices.filter((one) => one.id !== 'phone');
  await press('Sign out Safari on iPhone');
  await screen.findByText('Safari on iPhone was signed out.');
});

test('Sign_out_of_all_others_needs_confirmation', async () => {
  await press('Sign out all other devices');
  await press('Cancel');
  expect(bff.devices).toHaveLength(3);
  await press('Sign out all other devices');
  await press('Sign out other devices');
  await screen.findByText('You are not signed in on any other device.');
  expect(bff.devices.map((one) => one.id)).toEqual(['here']);
});

test('Old_sign_in_requires_a_new_one_and_returns', async () => {
  bff.isStale = true;
  await press('Sign out Safari on iPhone');
  await press('Sign in');
  expect(leave).toHaveBeenCalledWith('/bff/login?returnUrl=%2Fdevices&prompt=login');
  expect(bff.devices).toHaveLength(3);
});

test('Failed_sign_out_is_reported', async () => {
  await screen.findByText('Safari on iPhone');
  bff.override = { on: 'DELETE /bff/sessions', answer: { status: 503 } };
  await press('Sign out Safari on iPhone');
  await screen.findByText(/was not signed out/);
  expect(screen.getByText('Safari on iPhone')).toBeTruthy();
});

test.each([
  [['pwd'], 'password'],
  [['pwd', 'otp', 'mfa'], 'password and code'],
  [['pop', 'user', 'mfa'], 'passkey'],
  [[], 'an unknown method'],
])('Methods_%o_are_described_as_%s', (methods, text) => {
  expect(describeMethods(methods)).toBe(text);
});
