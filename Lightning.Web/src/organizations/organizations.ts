import { api, conditional, unwrap, type Schemas } from '../api/client';
import type { Page } from '../useList';

export type Organization = Schemas['OrganizationView'];
export type Role = NonNullable<Organization['role']>;
export type InvitedRole = Schemas['InvitationView']['role'];
/** How much is deleted with an organization. */
export type Contents = Schemas['OrganizationContents'];

export const roleNames: Record<Role, string> = { owner: 'Owner', admin: 'Admin', member: 'Member' };

/** The query of a page of a list. */
export const pageQuery = (after: string | null) => ({ limit: 100, ...(after !== null && { after }) });

/** Fetches all pages of a short list. */
export async function fetchAll<T>(fetchPage: (after: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const page: Page<T> = await fetchPage(after);
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}

/** The organizations that the user is a member of, by name. */
export const listOrganizations = (signal: AbortSignal) =>
  fetchAll(
    async (after) =>
      (await unwrap(api.GET('/api/v1/organizations', { params: { query: pageQuery(after) }, signal }), signal)).body,
  );

/** An empty slug is chosen by the server. `key` makes a retry safe. */
export async function createOrganization(name: string, slug: string, key: string): Promise<Organization> {
  const body = { name, slug: slug === '' ? null : slug };
  const params = { header: { 'Idempotency-Key': key } };
  return (await unwrap(api.POST('/api/v1/organizations', { params, body }))).body;
}

export async function updateOrganization(
  organization: Organization,
  body: Pick<Organization, 'name' | 'slug'>,
): Promise<Organization> {
  return (await unwrap(api.PUT('/api/v1/organizations/{id}', { ...conditional(organization), body }))).body;
}

export async function deleteOrganization(organization: Organization): Promise<void> {
  await unwrap(api.DELETE('/api/v1/organizations/{id}', conditional(organization)));
}

export async function getContents(id: string, signal: AbortSignal): Promise<Contents> {
  const path = '/api/v1/organizations/{id}/contents';
  return (await unwrap(api.GET(path, { params: { path: { id } }, signal }), signal)).body;
}

/** A slug for the name: lower-case letters without accents, digits and hyphens. Empty if the name has none of them. */
export function suggestSlug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
}
