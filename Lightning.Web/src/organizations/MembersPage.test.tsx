import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';
import type { Member } from './members';
import type { Organization, Role } from './organizations';

let bff: FakeBff;
let acme: Organization;
let grace: Member;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));
const roleOf = (name: string) => screen.findByRole<HTMLSelectElement>('combobox', { name: `Role of ${name}` });

function visit(role: Role = 'owner') {
  acme = bff.organizations.add('Acme', role);
  grace = bff.organizations.join(acme.id, 'Grace Hopper', role === 'owner' ? 'member' : 'owner');
  history.replaceState(null, '', '/o/acme/members');
  return render(<App />);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('Role_is_changed', async () => {
  visit();
  await userEvent.selectOptions(await roleOf('Grace Hopper'), 'Admin');
  await screen.findByText('Grace Hopper is now an admin.');
  expect(bff.organizations.members.get(grace.id)?.role).toBe('admin');
});

test('Last_owner_cannot_be_demoted_or_leave', async () => {
  visit();
  await userEvent.selectOptions(await roleOf('Ada Lovelace'), 'Member');
  await press('Change role');
  await screen.findByText('You are the last owner. Make another member an owner first.');
  expect((await roleOf('Ada Lovelace')).value).toBe('owner');
  await press('Leave organization');
  await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave organization' }));
  await screen.findByText('You are the last owner. Make another member an owner first.');
  expect(location.pathname).toBe('/o/acme/members');
});

test('Own_role_is_changed_after_a_question', async () => {
  visit();
  await userEvent.selectOptions(await roleOf('Grace Hopper'), 'Owner');
  await screen.findByText('Grace Hopper is now an owner.');
  await userEvent.selectOptions(await roleOf('Ada Lovelace'), 'Member');
  await screen.findByText('You will be a member. To become an owner again, ask an owner.');
  await press('Cancel');
  expect((await roleOf('Ada Lovelace')).value).toBe('owner');
  await userEvent.selectOptions(await roleOf('Ada Lovelace'), 'Member');
  await press('Change role');
  await screen.findByText('You are now a member.');
  await waitFor(() => expect(screen.queryByRole('heading', { name: 'Invitations' })).toBeNull());
});

test('Role_changed_elsewhere_is_shown_instead', async () => {
  visit();
  await roleOf('Grace Hopper');
  bff.organizations.members.set(grace.id, { ...grace, role: 'admin', etag: '"other"' });
  await userEvent.selectOptions(await roleOf('Grace Hopper'), 'Owner');
  await screen.findByText(/changed by someone else/);
  await waitFor(async () => expect((await roleOf('Grace Hopper')).value).toBe('admin'));
});

test('Remove_asks_first', async () => {
  visit();
  await press('Remove Grace Hopper');
  await screen.findByText(/They can no longer open the notes of Acme/);
  await press('Cancel');
  expect(bff.organizations.members.has(grace.id)).toBe(true);
  await press('Remove Grace Hopper');
  await press('Remove member');
  await screen.findByText('Grace Hopper was removed.');
  expect(screen.queryByRole('button', { name: 'Remove Grace Hopper' })).toBeNull();
  expect(bff.organizations.members.has(grace.id)).toBe(false);
});

test('Member_sees_roles_and_can_only_leave', async () => {
  visit('member');
  await screen.findByText('Grace Hopper');
  expect(screen.queryByRole('combobox')).toBeNull();
  expect(screen.queryByRole('button', { name: /^Remove/ })).toBeNull();
  expect(screen.queryByRole('heading', { name: 'Invitations' })).toBeNull();
  await press('Leave organization');
  await screen.findByText(/You can no longer open its notes/);
  await userEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Leave organization' }));
  await screen.findByText('You are not in an organization.');
  expect(location.pathname).toBe('/organizations');
  expect(bff.organizations.isMember(acme.id)).toBe(false);
});

test('Invitation_is_sent_resent_and_revoked', async () => {
  visit();
  const address = await screen.findByLabelText('Email address');
  await userEvent.type(address, 'linus@example.com');
  await userEvent.selectOptions(screen.getByLabelText('Role'), 'Admin');
  await press('Send invitation');
  await screen.findByText('We sent an invitation to linus@example.com.');
  expect([...bff.organizations.invitations.values()]).toMatchObject([{ address: 'linus@example.com', role: 'admin' }]);
  await screen.findByText(/Expires/);
  await press('Resend the invitation to linus@example.com');
  await screen.findByText('We sent the invitation to linus@example.com again.');
  expect(bff.organizations.mails).toHaveLength(2);
  await press('Revoke the invitation to linus@example.com');
  await screen.findByText('The invitation to linus@example.com was revoked.');
  expect(bff.organizations.invitations.size).toBe(0);
  expect(screen.queryByText(/Expires/)).toBeNull();
});

test.each([
  ['nonsense', 'Enter an email address, such as ada@example.com.'],
  ['grace@example.test', 'This person is already a member.'],
  ['linus@example.com', 'This address is already invited. You can resend the invitation.'],
])('Invitation_to_%s_is_refused_at_its_field', async (address, message) => {
  visit();
  bff.organizations.invite(acme.id, 'linus@example.com');
  const input = await screen.findByLabelText('Email address');
  await userEvent.type(input, address);
  await press('Send invitation');
  await screen.findByText(message);
  expect(document.activeElement).toBe(input);
  expect(bff.organizations.mails).toEqual([]);
});

test('Invitation_answered_elsewhere_leaves_the_list', async () => {
  visit();
  bff.organizations.invite(acme.id, 'linus@example.com');
  await screen.findByText('linus@example.com');
  bff.organizations.invitations.clear();
  await press('Resend the invitation to linus@example.com');
  await screen.findByText('This invitation was accepted, declined or revoked.');
  await waitFor(() => expect(screen.queryByText('linus@example.com')).toBeNull());
});

test('Removed_user_is_told', async () => {
  visit();
  await userEvent.selectOptions(await roleOf('Grace Hopper'), 'Owner');
  await screen.findByText('Grace Hopper is now an owner.');
  bff.organizations.removeUser(acme.id);
  await userEvent.selectOptions(await roleOf('Grace Hopper'), 'Member');
  await screen.findByRole('heading', { name: 'You’re no longer a member of this organization' });
});
