import type { Answer } from '../testing/FakeBff';
import type { Invitation } from './invitations';
import type { Member } from './members';
import type { InvitedRole, Organization, Role } from './organizations';

/** The bodies of all requests together. */
interface Sent {
  name: string;
  slug?: string;
  address: string;
  role: Role;
}

const notFound: Answer = { status: 404, body: { title: 'Not found' } };
const conflict = (problem: string): Answer => ({ status: 409, body: { type: `/problems/${problem}` } });
const week = 7 * 86_400_000;

/** The organizations of a `FakeBff`. The user is Ada; an organization is visible to her while she is a member. */
export class FakeOrganizations {
  readonly organizations = new Map<string, Organization>();
  readonly members = new Map<string, Member>();
  readonly invitations = new Map<string, Invitation>();
  /** The addresses to which mails were sent. */
  readonly mails: string[] = [];
  readonly #created = new Map<string, Organization>();
  #version = 0;

  /** Adds an organization. With a role, Ada is a member. */
  add(name: string, role: Role | null = 'owner', slug = name.toLowerCase()): Organization {
    const organization = this.#put({ id: crypto.randomUUID(), slug, name, createdAt: new Date().toISOString() });
    if (role) this.join(organization.id, 'Ada Lovelace', role, true);
    return this.#see(organization);
  }

  join(organizationId: string, name: string, role: Role, isYou = false): Member {
    const id = crypto.randomUUID();
    const email = `${name.split(' ')[0]?.toLowerCase()}@example.test`;
    return this.#setMember({ id, organizationId, userId: id, name, email, role, isYou });
  }

  /** Invites a person, by default Ada. */
  invite(organizationId: string, address = 'ada@example.test', role: InvitedRole = 'member'): Invitation {
    const invitation: Invitation = {
      id: crypto.randomUUID(),
      organizationId,
      organizationName: this.organizations.get(organizationId)?.name ?? '',
      address,
      role,
      invitedBy: 'Grace Hopper',
      createdAt: new Date().toISOString(),
      expiresAt: new Date(Date.now() + week).toISOString(),
      etag: `"${++this.#version}"`,
      can: { update: true, delete: true, accept: address === 'ada@example.test' },
    };
    this.invitations.set(invitation.id, invitation);
    return invitation;
  }

  /** Removes Ada from an organization, as someone else would. */
  removeUser(organizationId: string): void {
    const membership = this.#own(organizationId);
    if (membership) this.members.delete(membership.id);
  }

  isMember(organizationId: string): boolean {
    return this.#own(organizationId) !== undefined;
  }

  answer(method: string, path: string, headers: Headers, sent: Sent, notes: number): Answer | null {
    const [, , , resource, id = '', what] = path.split('/');
    if (resource === 'organizations') return this.#organization(method, id, what, headers, sent, notes);
    if (resource === 'members') return this.#member(method, id, headers, sent);
    if (resource === 'invitations') return this.#invitation(method, id, what, headers);
    return null;
  }

  #organization(
    method: string,
    id: string,
    what: string | undefined,
    headers: Headers,
    sent: Sent,
    notes: number,
  ): Answer {
    if (id === '') return method === 'GET' ? this.#list() : this.#create(headers, sent);
    const organization = this.organizations.get(id);
    if (!organization || !this.isMember(id)) return notFound;
    const members = [...this.members.values()].filter((member) => member.organizationId === id);
    const invitations = [...this.invitations.values()].filter((one) => one.organizationId === id);
    if (what === 'contents')
      return { status: 200, body: { notes, members: members.length, invitations: invitations.length } };
    if (what === 'members')
      return { status: 200, body: { items: members.map((one) => this.#seeMember(one)), next: null } };
    if (what === 'invitations')
      return method === 'GET' ? { status: 200, body: { items: invitations, next: null } } : this.#invite(id, sent);
    const refusal = check(headers, organization);
    if (refusal) return refusal;
    if (method === 'PUT') {
      if (this.#isTaken(sent.slug, id)) return conflict('slug-taken');
      return this.#ok(this.#put({ ...organization, name: sent.name, slug: sent.slug ?? organization.slug }));
    }
    this.organizations.delete(id);
    for (const member of members) this.members.delete(member.id);
    return { status: 204 };
  }

  #list(): Answer {
    const items = [...this.organizations.values()]
      .filter((one) => this.isMember(one.id))
      .map((one) => this.#see(one))
      .sort((a, b) => a.name.localeCompare(b.name));
    return { status: 200, body: { items, next: null } };
  }

  #create(headers: Headers, { name, slug }: Sent): Answer {
    if (name === '') return { status: 400, body: { errors: { name: ['Enter a name.'] } } };
    const known = this.#created.get(headers.get('idempotency-key') ?? '');
    if (!known && this.#isTaken(slug)) return conflict('slug-taken');
    const organization = known ?? this.add(name, 'owner', slug);
    this.#created.set(headers.get('idempotency-key') ?? '', organization);
    return { status: 201, body: organization };
  }

  #isTaken(slug: string | undefined, except?: string): boolean {
    return [...this.organizations.values()].some((one) => one.slug === slug && one.id !== except);
  }

  #invite(organizationId: string, { address, role }: Sent): Answer {
    if (!address.includes('@'))
      return { status: 400, body: { errors: { address: ['Enter an email address, such as ada@example.com.'] } } };
    const has = (one: { organizationId: string }) => one.organizationId === organizationId;
    if ([...this.members.values()].some((one) => has(one) && one.email === address)) return conflict('already-member');
    if ([...this.invitations.values()].some((one) => has(one) && one.address === address))
      return conflict('already-invited');
    this.mails.push(address);
    return { status: 201, body: this.invite(organizationId, address, role as InvitedRole) };
  }

  #member(method: string, id: string, headers: Headers, { role }: Sent): Answer {
    const member = this.members.get(id);
    if (!member || !this.isMember(member.organizationId)) return notFound;
    const refusal = check(headers, member);
    if (refusal) return refusal;
    const isLastOwner = ![...this.members.values()].some(
      (one) => one.organizationId === member.organizationId && one.role === 'owner' && one.id !== id,
    );
    if (isLastOwner && (method === 'DELETE' || role !== 'owner')) return conflict('last-owner');
    if (method === 'PUT') return { status: 200, body: this.#seeMember(this.#setMember({ ...member, role })) };
    this.members.delete(id);
    return { status: 204 };
  }

  #invitation(method: string, id: string, what: string | undefined, headers: Headers): Answer {
    if (id === '') {
      const items = [...this.invitations.values()].filter((one) => one.can.accept);
      return { status: 200, body: { items, next: null } };
    }
    const invitation = this.invitations.get(id);
    const organization = this.organizations.get(invitation?.organizationId ?? '');
    if (!invitation || !organization) return notFound;
    if (method === 'DELETE') {
      const refusal = check(headers, invitation);
      if (!refusal) this.invitations.delete(id);
      return refusal ?? { status: 204 };
    }
    if (what === 'resend') {
      this.mails.push(invitation.address);
      const resent = { ...invitation, etag: `"${++this.#version}"` };
      this.invitations.set(id, resent);
      return { status: 200, body: resent };
    }
    this.invitations.delete(id);
    this.join(organization.id, 'Ada Lovelace', invitation.role, true);
    return this.#ok(organization);
  }

  #own(organizationId: string): Member | undefined {
    return [...this.members.values()].find((one) => one.isYou && one.organizationId === organizationId);
  }

  #ok(organization: Organization): Answer {
    return { status: 200, body: this.#see(organization) };
  }

  #put(organization: Omit<Organization, 'role' | 'etag' | 'can'>): Organization {
    const can = { update: false, delete: false, invite: false };
    const stored: Organization = { ...organization, role: null, etag: `"${++this.#version}"`, can };
    this.organizations.set(stored.id, stored);
    return stored;
  }

  #setMember(member: Omit<Member, 'createdAt' | 'etag' | 'can'>): Member {
    const can = { update: false, delete: false };
    const stored = { ...member, createdAt: new Date().toISOString(), etag: `"${++this.#version}"`, can };
    this.members.set(stored.id, stored);
    return stored;
  }

  /** The organization with what Ada may do. */
  #see(organization: Organization): Organization {
    const role = this.#own(organization.id)?.role ?? null;
    const manages = role === 'owner' || role === 'admin';
    return { ...organization, role, can: { update: manages, delete: role === 'owner', invite: manages } };
  }

  #seeMember(member: Member): Member {
    const isOwner = this.#own(member.organizationId)?.role === 'owner';
    return { ...member, can: { update: isOwner, delete: isOwner || member.isYou } };
  }
}

function check(headers: Headers, { etag }: { etag: string }): Answer | null {
  const match = headers.get('if-match');
  return match === etag ? null : { status: match === null ? 428 : 412, body: {} };
}
