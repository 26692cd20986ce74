import { call } from '../http';
import type { Page } from '../useList';

export type Role = 'owner' | 'admin' | 'member';
export type InvitedRole = Exclude<Role, 'owner'>;

export const roleNames: Record<Role, string> = { owner: 'Owner', admin: 'Admin', member: 'Member' };

export interface Organization {
  id: string;
  slug: string;
  name: string;
  /** The user's role; null if they are not a member. */
  role: Role | null;
  createdAt: string;
  etag: string;
  can: { update: boolean; delete: boolean; invite: boolean };
}

/** How much is deleted with an organization. */
export interface Contents {
  notes: number;
  members: number;
  invitations: number;
}

interface Versioned {
  id: string;
  etag: string;
}

const root = '/api/v1/organizations';
export const ifMatch = ({ etag }: Versioned) => ({ 'If-Match': etag });

/** Fetches a page of any list. */
export async function fetchPage<T>(path: string, after: string | null, signal: AbortSignal): Promise<Page<T>> {
  const query = new URLSearchParams({ limit: '100', ...(after !== null && { after }) });
  return (await call<Page<T>>(`${path}?${query}`, { signal })).body;
}

/** Fetches all pages of a short list. */
export async function fetchAll<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const page: Page<T> = await fetchPage<T>(path, after, signal);
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}

/** The organizations that the user is a member of, by name. */
export const listOrganizations = (signal: AbortSignal) => fetchAll<Organization>(root, signal);

/** An empty slug is chosen by the server. `key` makes a retry safe. */
export async function createOrganization(name: string, slug: string, key: string): Promise<Organization> {
  const body = { name, ...(slug !== '' && { slug }) };
  return (await call<Organization>(root, { method: 'POST', body, headers: { 'Idempotency-Key': key } })).body;
}

export async function updateOrganization(
  organization: Organization,
  body: Pick<Organization, 'name' | 'slug'>,
): Promise<Organization> {
  const path = `${root}/${organization.id}`;
  return (await call<Organization>(path, { method: 'PUT', body, headers: ifMatch(organization) })).body;
}

export async function deleteOrganization(organization: Organization): Promise<void> {
  await call<undefined>(`${root}/${organization.id}`, { method: 'DELETE', headers: ifMatch(organization) });
}

export async function getContents(id: string, signal: AbortSignal): Promise<Contents> {
  return (await call<Contents>(`${root}/${id}/contents`, { signal })).body;
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
