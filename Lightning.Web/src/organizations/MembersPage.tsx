import { useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { onNoteEvent } from '../notes/events';
import { useSpace } from '../notes/space';
import { navigate } from '../routing';
import { useList } from '../useList';
import { Invitations } from './Invitations';
import { changeRole, listMembers, removeMember, type Member } from './members';
import { OrganizationHead } from './OrganizationHead';
import { isProblem } from './OrganizationFields';
import { roleNames, type Organization, type Role } from './organizations';
import { useOrganizations } from './useOrganizations';

/** The members of an organization and its invitations. */
export function MembersPage({ organization }: { organization: Organization }) {
  const { id } = organization;
  const { list, load, refresh, loadMore, put, drop } = useList(
    useCallback((after, signal) => listMembers(id, after, signal), [id]),
  );
  const { phase, items, next, reason } = list;
  const organizations = useOrganizations();
  const { onGone } = useSpace();
  const [working, setWorking] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [done, setDone] = useState('');
  /** The member to remove. */
  const [asked, setAsked] = useState<Member | null>(null);
  /** The user's own new role, which they cannot undo. */
  const [demotion, setDemotion] = useState<{ member: Member; role: Role } | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    if (list.notFound) onGone();
  }, [list.notFound, onGone]);

  useEffect(() => onNoteEvent((event) => event.kind === 'anything' && refresh()), [refresh]);

  async function once(member: Member, work: () => Promise<string>) {
    if (working !== null) return;
    setWorking(member.id);
    setFailure(null);
    setDone('');
    try {
      setDone(await work());
    } catch (error) {
      setFailure(describe(error, member));
      refresh();
    } finally {
      setWorking(null);
    }
  }

  function choose(member: Member, role: Role) {
    if (member.isYou) setDemotion({ member, role });
    else void change(member, role);
  }

  const change = (member: Member, role: Role) =>
    once(member, async () => {
      put(await changeRole(member, role));
      // The user's own role decides what they may do.
      if (member.isYou) {
        organizations.reload();
        refresh();
      }
      return member.isYou ? `You are now ${article(role)}.` : `${member.name} is now ${article(role)}.`;
    });

  const remove = (member: Member) =>
    once(member, async () => {
      await removeMember(member);
      if (member.isYou) {
        navigate('/organizations');
        organizations.drop(id);
        return '';
      }
      drop(member.id);
      heading.current?.focus();
      return `${member.name} was removed.`;
    });

  return (
    <main className="page organizations">
      <OrganizationHead organization={organization} page="members" />
      <section aria-labelledby="members-heading">
        <h2 id="members-heading" ref={heading} tabIndex={-1}>
          Members
        </h2>
        <p role="status" className={done ? 'alert alert-success' : 'visually-hidden'}>
          {done}
        </p>
        <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
        {phase === 'loading' && (
          <p role="status" className="soft">
            Loading…
          </p>
        )}
        {phase === 'failed' && (
          <div role="alert" className="alert alert-danger">
            <p>The members could not be loaded. {reason}</p>
            <button type="button" onClick={load}>
              Try again
            </button>
          </div>
        )}
        <ul className="organizations-items" aria-labelledby="members-heading">
          {items.map((member) => (
            <li key={member.id} className="card" aria-busy={working === member.id}>
              <div className="organizations-text">
                <h3>
                  <bdi>{member.name}</bdi> {member.isYou && <span className="badge">You</span>}
                </h3>
                <p className="soft">{member.email}</p>
              </div>
              <div className="organizations-actions">
                {member.can.update ? (
                  <select
                    aria-label={`Role of ${member.name}`}
                    value={member.role}
                    onChange={(event) => choose(member, event.target.value as Role)}
                  >
                    {Object.entries(roleNames).map(([role, name]) => (
                      <option key={role} value={role}>
                        {name}
                      </option>
                    ))}
                  </select>
                ) : (
                  <p className="organizations-role">{roleNames[member.role]}</p>
                )}
                {member.can.delete && (
                  <button
                    type="button"
                    className="button-danger"
                    aria-label={member.isYou ? undefined : `Remove ${member.name}`}
                    disabled={working !== null}
                    onClick={() => setAsked(member)}
                  >
                    {member.isYou ? 'Leave organization' : 'Remove'}
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
        {phase === 'ready' && next !== null && (
          <button type="button" className="notes-more" onClick={loadMore}>
            Show more
          </button>
        )}
      </section>
      {organization.can.invite && <Invitations organization={organization} />}

      {demotion && (
        <Dialog heading="Change your own role?" onClose={() => setDemotion(null)}>
          <p>
            You will be {article(demotion.role)}. To become {article(demotion.member.role)} again, ask an owner.
          </p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setDemotion(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button-danger"
              onClick={() => {
                setDemotion(null);
                void change(demotion.member, demotion.role);
              }}
            >
              Change role
            </button>
          </div>
        </Dialog>
      )}
      {asked && (
        <Dialog
          heading={asked.isYou ? `Leave ${organization.name}?` : `Remove ${asked.name}?`}
          onClose={() => setAsked(null)}
        >
          <p>
            {asked.isYou
              ? 'You can no longer open its notes. The notes that you wrote stay in the organization.'
              : `They can no longer open the notes of ${organization.name}. The notes that they wrote stay here.`}
          </p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setAsked(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button-danger"
              onClick={() => {
                setAsked(null);
                void remove(asked);
              }}
            >
              {asked.isYou ? 'Leave organization' : 'Remove member'}
            </button>
          </div>
        </Dialog>
      )}
    </main>
  );
}

const article = (role: Role) => `${role === 'member' ? 'a' : 'an'} ${role}`;

function describe(error: unknown, { name, isYou }: Member): string {
  if (isProblem(error, 'last-owner'))
    return isYou
      ? 'You are the last owner. Make another member an owner first.'
      : `${name} is the last owner. Make another member an owner first.`;
  const status = error instanceof RequestFailed ? error.status : null;
  if (status === 404) return `${name} is no longer a member.`;
  if (status === 412) return `The role of ${name} was changed by someone else. Check it and try again.`;
  return explain(error);
}
