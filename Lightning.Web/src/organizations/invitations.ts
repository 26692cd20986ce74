import { api, conditional, unwrap, type Schemas } from '../api/client';
import type { Page } from '../useList';
import { fetchAll, pageQuery, type InvitedRole, type Organization } from './organizations';

export type Invitation = Schemas['InvitationView'];

const idempotent = (id: string, key: string) => ({
  params: { path: { id }, header: { 'Idempotency-Key': key } },
});

/** The open invitations of an organization. */
export async function listInvitations(
  id: string,
  after: string | null,
  signal: AbortSignal,
): Promise<Page<Invitation>> {
  const params = { path: { id }, query: pageQuery(after) };
  return (await unwrap(api.GET('/api/v1/organizations/{id}/invitations', { params, signal }), signal)).body;
}

/** The open invitations to the user. */
export const listMyInvitations = (signal: AbortSignal) =>
  fetchAll(
    async (after) =>
      (await unwrap(api.GET('/api/v1/invitations', { params: { query: pageQuery(after) }, signal }), signal)).body,
  );

export async function invite(
  organizationId: string,
  address: string,
  role: InvitedRole,
  key: string,
): Promise<Invitation> {
  const path = '/api/v1/organizations/{id}/invitations';
  return (await unwrap(api.POST(path, { ...idempotent(organizationId, key), body: { address, role } }))).body;
}

/** Sends the mail again, with a new expiry. */
export async function resend({ id }: Invitation, key: string): Promise<Invitation> {
  return (await unwrap(api.POST('/api/v1/invitations/{id}/resend', idempotent(id, key)))).body;
}

/** Revokes an invitation. Of one to the user: declines it. */
export async function removeInvitation(invitation: Invitation): Promise<void> {
  await unwrap(api.DELETE('/api/v1/invitations/{id}', conditional(invitation)));
}

export async function accept({ id }: Invitation, key: string): Promise<Organization> {
  return (await unwrap(api.POST('/api/v1/invitations/{id}/accept', idempotent(id, key)))).body;
}

const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

export const expiryOf = ({ expiresAt }: Invitation) =>
  `${new Date(expiresAt) < new Date() ? 'Expired' : 'Expires'} ${date.format(new Date(expiresAt))}`;
