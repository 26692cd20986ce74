import { call } from '../http';
import { fetchPage, ifMatch, type Role } from './organizations';

/** The membership of a person in an organization. */
export interface Member {
  id: string;
  organizationId: string;
  userId: string;
  name: string;
  email: string;
  role: Role;
  isYou: boolean;
  createdAt: string;
  etag: string;
  can: { update: boolean; delete: boolean };
}

export const listMembers = (organizationId: string, after: string | null, signal: AbortSignal) =>
  fetchPage<Member>(`/api/v1/organizations/${organizationId}/members`, after, signal);

export async function changeRole(member: Member, role: Role): Promise<Member> {
  const options = { method: 'PUT' as const, body: { role }, headers: ifMatch(member) };
  return (await call<Member>(`/api/v1/members/${member.id}`, options)).body;
}

/** Removes a member. Of the user's own membership: leaves the organization. */
export async function removeMember(member: Member): Promise<void> {
  await call<undefined>(`/api/v1/members/${member.id}`, { method: 'DELETE', headers: ifMatch(member) });
}
