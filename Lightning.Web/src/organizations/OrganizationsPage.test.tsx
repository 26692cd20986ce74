import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';
import { suggestSlug } from './organizations';

let bff: FakeBff;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));
const field = (name: string) => screen.findByLabelText<HTMLInputElement>(name);

function visit(path: string) {
  history.replaceState(null, '', path);
  return render(<App />);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('List_shows_the_organizations_with_the_role', async () => {
  bff.organizations.add('Beta', 'member');
  bff.organizations.add('Acme', 'owner');
  visit('/organizations');
  const items = await screen.findAllByRole('listitem');
  expect(items.map((item) => item.textContent)).toEqual(['AcmeOwnerMembers', 'BetaMemberMembers']);
  await userEvent.click(screen.getByRole('link', { name: 'Beta' }));
  await waitFor(() => expect(location.pathname).toBe('/o/beta/notes'));
});

test('Empty_list_says_so', async () => {
  visit('/organizations');
  await screen.findByText('You are not in an organization.');
});

test('Read_only_impersonation_offers_no_new_organization', async () => {
  bff.act = { sub: 'u-root', name: 'Root', mayWrite: false };
  visit('/organizations');
  await screen.findByText('You are not in an organization.');
  expect(screen.queryByRole('link', { name: 'New organization' })).toBeNull();
});

test('Create_suggests_a_slug_and_reports_a_taken_one_at_its_field', async () => {
  bff.organizations.add('Acme', null);
  visit('/organizations');
  await userEvent.click(await screen.findByRole('link', { name: 'New organization' }));
  await userEvent.type(await field('Name'), 'Acme');
  expect((await field('Address')).value).toBe('acme');
  await press('Create organization');
  await screen.findByText('This address is already taken. Choose another one.');
  const slug = await field('Address');
  expect(slug.getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(slug);
  await userEvent.type(slug, '-2');
  // A slug that the user has written is kept.
  await userEvent.type(await field('Name'), ' Ltd');
  expect(slug.value).toBe('acme-2');
  await press('Create organization');
  await screen.findByRole('heading', { name: 'Acme Ltd' });
  expect(location.pathname).toBe('/o/acme-2/members');
  await screen.findByRole('button', { name: 'Space: Acme Ltd' });
});

test('Create_without_a_name_is_reported_at_its_field', async () => {
  visit('/organizations/new');
  await press('Create organization');
  await screen.findByText('Enter a name.');
  expect(document.activeElement).toBe(await field('Name'));
});

test('Retried_create_uses_the_same_key', async () => {
  visit('/organizations/new');
  await userEvent.type(await field('Name'), 'Acme');
  const real = bff.fetch;
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    await real(path, init);
    throw new TypeError('Failed to fetch');
  });
  await press('Create organization');
  await screen.findByText(/The server could not be reached/);
  vi.stubGlobal('fetch', real);
  await press('Create organization');
  await screen.findByRole('heading', { name: 'Acme' });
  expect(bff.organizations.organizations.size).toBe(1);
});

test('Accepted_invitation_opens_the_organization', async () => {
  bff.organizations.invite(bff.organizations.add('Acme', null).id);
  visit('/notes');
  await userEvent.click(await screen.findByRole('link', { name: '1 invitation' }));
  await screen.findByText(/invited you as member/);
  await press('Accept the invitation to Acme');
  await screen.findByText(/All members of Acme can see/);
  expect(location.pathname).toBe('/o/acme/notes');
  await waitFor(() => expect(screen.queryByRole('link', { name: '1 invitation' })).toBeNull());
});

test('Declined_invitation_leaves_the_list', async () => {
  bff.organizations.invite(bff.organizations.add('Acme', null).id);
  visit('/organizations');
  await press('Decline the invitation to Acme');
  await screen.findByText('You declined the invitation to Acme.');
  await waitFor(() => expect(screen.queryByRole('heading', { name: 'Invitations' })).toBeNull());
  expect(bff.organizations.invitations.size).toBe(0);
  expect(screen.queryByRole('link', { name: '1 invitation' })).toBeNull();
});

test('Revoked_invitation_cannot_be_accepted', async () => {
  bff.organizations.invite(bff.organizations.add('Acme', null).id);
  visit('/organizations');
  await screen.findByText(/invited you as member/);
  bff.organizations.invitations.clear();
  await press('Accept the invitation to Acme');
  await screen.findByText('This invitation was revoked or has expired.');
  await waitFor(() => expect(screen.queryByRole('heading', { name: 'Invitations' })).toBeNull());
});

test('Failed_list_can_be_retried', async () => {
  bff.organizations.add('Acme');
  bff.override = { on: 'GET /api/v1/organizations', answer: { status: 500 } };
  visit('/organizations');
  await screen.findByText(/could not be loaded/);
  bff.override = null;
  await press('Try again');
  await screen.findByRole('link', { name: 'Acme' });
});

test.each([
  ['Acme', 'acme'],
  ['  Müller & Söhne, Ltd. ', 'muller-sohne-ltd'],
  ['Ünïted 2', 'united-2'],
  ['شركة', ''],
  ['a'.repeat(39) + ' b', 'a'.repeat(39)],
])('Slug_of_%o_is_%o', (name, slug) => {
  expect(suggestSlug(name)).toBe(slug);
});
