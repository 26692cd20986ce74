import { call } from '../http';
import { fetchAll, fetchPage, ifMatch, type InvitedRole, type Organization } from './organizations';

export interface Invitation {
  id: string;
  organizationId: string;
  organizationName: string;
  address: string;
  role: InvitedRole;
  /** The name of the person who sent it. */
  invitedBy: string;
  createdAt: string;
  expiresAt: string;
  etag: string;
  can: { update: boolean; delete: boolean; accept: boolean };
}

const idempotent = (key: string) => ({ method: 'POST' as const, headers: { 'Idempotency-Key': key } });

/** The open invitations of an organization. */
export const listInvitations = (organizationId: string, after: string | null, signal: AbortSignal) =>
  fetchPage<Invitation>(`/api/v1/organizations/${organizationId}/invitations`, after, signal);

/** The open invitations to the user. */
export const listMyInvitations = (signal: AbortSignal) => fetchAll<Invitation>('/api/v1/invitations', signal);

export async function invite(
  organizationId: string,
  address: string,
  role: InvitedRole,
  key: string,
): Promise<Invitation> {
  const path = `/api/v1/organizations/${organizationId}/invitations`;
  return (await call<Invitation>(path, { ...idempotent(key), body: { address, role } })).body;
}

/** Sends the mail again, with a new expiry. */
export async function resend({ id }: Invitation, key: string): Promise<Invitation> {
  return (await call<Invitation>(`/api/v1/invitations/${id}/resend`, idempotent(key))).body;
}

/** Revokes an invitation. Of one to the user: declines it. */
export async function removeInvitation(invitation: Invitation): Promise<void> {
  await call<undefined>(`/api/v1/invitations/${invitation.id}`, { method: 'DELETE', headers: ifMatch(invitation) });
}

export async function accept({ id }: Invitation, key: string): Promise<Organization> {
  return (await call<Organization>(`/api/v1/invitations/${id}/accept`, idempotent(key))).body;
}

const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

export const expiryOf = ({ expiresAt }: Invitation) =>
  `${new Date(expiresAt) < new Date() ? 'Expired' : 'Expires'} ${date.format(new Date(expiresAt))}`;
