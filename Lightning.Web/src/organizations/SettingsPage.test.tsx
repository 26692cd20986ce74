import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../App';
import { FakeBff } from '../testing/FakeBff';
import type { Organization, Role } from './organizations';

let bff: FakeBff;
let acme: Organization;
const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));
const field = (name: string) => screen.findByLabelText<HTMLInputElement>(name);

function visit(role: Role = 'owner') {
  acme = bff.organizations.add('Acme', role);
  history.replaceState(null, '', '/o/acme/settings');
  return render(<App />);
}

async function write(name: string, text: string) {
  await userEvent.clear(await field(name));
  await userEvent.type(await field(name), text);
}

beforeEach(() => {
  bff = new FakeBff();
  vi.stubGlobal('fetch', bff.fetch);
});

test('Rename_moves_to_the_new_address', async () => {
  visit();
  await write('Name', 'Acme Ltd');
  await write('Address', 'acme-ltd');
  await screen.findByText('Links to the old address will stop working.');
  await press('Save');
  await screen.findByText('Saved');
  await waitFor(() => expect(location.pathname).toBe('/o/acme-ltd/settings'));
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Acme Ltd');
  await screen.findByText('Saved');
  expect(bff.organizations.organizations.get(acme.id)).toMatchObject({ name: 'Acme Ltd', slug: 'acme-ltd' });
});

test('Taken_slug_is_reported_at_its_field', async () => {
  bff.organizations.add('Beta', null);
  visit();
  await write('Address', 'beta');
  await press('Save');
  await screen.findByText('This address is already taken. Choose another one.');
  expect(document.activeElement).toBe(await field('Address'));
});

test('Rename_of_a_changed_organization_keeps_the_text', async () => {
  visit();
  await write('Name', 'Acme Ltd');
  bff.organizations.organizations.set(acme.id, { ...acme, name: 'Acme Inc', etag: '"other"' });
  await press('Save');
  await screen.findByText(/someone else changed the organization/);
  expect((await field('Name')).value).toBe('Acme Ltd');
  await screen.findByRole('heading', { name: 'Acme Inc' });
  await press('Save');
  await screen.findByRole('heading', { name: 'Acme Ltd' });
});

test('Delete_says_what_goes_and_needs_the_name', async () => {
  visit();
  bff.organizations.join(acme.id, 'Grace Hopper', 'member');
  bff.organizations.invite(acme.id, 'linus@example.com');
  bff.seedIn(acme.id, { title: 'Roadmap', body: '' });
  await press('Delete organization…');
  await screen.findByText('This deletes 1 note and removes 2 members. It also revokes 1 open invitation.');
  const confirm = screen.getByRole<HTMLButtonElement>('button', { name: 'Delete organization' });
  await userEvent.type(await field('Type “Acme” to confirm'), 'Acm');
  expect(confirm.disabled).toBe(true);
  await userEvent.type(await field('Type “Acme” to confirm'), 'e');
  await userEvent.click(confirm);
  await screen.findByText('You are not in an organization.');
  expect(location.pathname).toBe('/organizations');
  expect(bff.organizations.organizations.size).toBe(0);
});

test('Member_can_change_nothing', async () => {
  visit('member');
  expect((await field('Name')).readOnly).toBe(true);
  for (const name of ['Save', 'Delete organization…']) expect(screen.queryByRole('button', { name })).toBeNull();
});
