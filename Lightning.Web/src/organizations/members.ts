import { api, conditional, unwrap, type Schemas } from '../api/client';
import type { Page } from '../useList';
import { pageQuery, type Role } from './organizations';

/** The membership of a person in an organization. */
export type Member = Schemas['MemberView'];

export async function listMembers(id: string, after: string | null, signal: AbortSignal): Promise<Page<Member>> {
  const params = { path: { id }, query: pageQuery(after) };
  return (await unwrap(api.GET('/api/v1/organizations/{id}/members', { params, signal }), signal)).body;
}

export async function changeRole(member: Member, role: Role): Promise<Member> {
  return (await unwrap(api.PUT('/api/v1/members/{id}', { ...conditional(member), body: { role } }))).body;
}

/** Removes a member. Of the user's own membership: leaves the organization. */
export async function removeMember(member: Member): Promise<void> {
  await unwrap(api.DELETE('/api/v1/members/{id}', conditional(member)));
}
