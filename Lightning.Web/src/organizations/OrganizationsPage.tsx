import { useEffect, useRef, useState } from 'react';
import { explain, RequestFailed } from '../http';
import { hasMoved, Link, navigate } from '../routing';
import { mayWrite, useSession } from '../session/session';
import { accept, expiryOf, removeInvitation, type Invitation } from './invitations';
import { roleNames } from './organizations';
import { UnsavedTexts } from './UnsavedTexts';
import { useOrganizations } from './useOrganizations';

/** The invitations to the user and their organizations. */
export function OrganizationsPage() {
  const { phase, reason, organizations, invitations, reload, put } = useOrganizations();
  const { user } = useSession();
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [done, setDone] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  // A retry uses the same idempotency key. An invitation can be accepted only once.
  const [keys] = useState(() => new Map<string, string>());

  useEffect(() => {
    document.title = 'Organizations · Lightning';
    if (hasMoved()) heading.current?.focus();
  }, []);

  async function answer(work: () => Promise<void>) {
    setWorking(true);
    setFailure(null);
    setDone('');
    try {
      await work();
    } catch (error) {
      const isGone = error instanceof RequestFailed && error.status === 404;
      setFailure(isGone ? 'This invitation was revoked or has expired.' : explain(error));
      if (isGone) reload();
    } finally {
      setWorking(false);
    }
  }

  const join = (invitation: Invitation) =>
    answer(async () => {
      const key = keys.get(invitation.id) ?? crypto.randomUUID();
      keys.set(invitation.id, key);
      const organization = await accept(invitation, key);
      put(organization);
      navigate(`/o/${organization.slug}/notes`);
    });

  const decline = (invitation: Invitation) =>
    answer(async () => {
      await removeInvitation(invitation);
      setDone(`You declined the invitation to ${invitation.organizationName}.`);
      reload();
      heading.current?.focus();
    });

  return (
    <main className="page organizations">
      <div className="organizations-head">
        <h1 ref={heading} tabIndex={-1}>
          Organizations
        </h1>
        {mayWrite(user) && (
          <Link className="button button-primary" href="/organizations/new">
            New organization
          </Link>
        )}
      </div>
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
          <p>Your organizations could not be loaded. {reason}</p>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </div>
      )}

      <UnsavedTexts />

      {invitations.length > 0 && (
        <section aria-labelledby="my-invitations">
          <h2 id="my-invitations">Invitations</h2>
          <ul className="organizations-items">
            {invitations.map((invitation) => (
              <li key={invitation.id} className="card">
                <div className="organizations-text">
                  <h3>
                    <bdi>{invitation.organizationName}</bdi>
                  </h3>
                  <p>
                    <bdi>{invitation.invitedBy}</bdi> invited you as {roleNames[invitation.role].toLowerCase()}.
                  </p>
                  <p className="soft">{expiryOf(invitation)}</p>
                </div>
                <div className="row">
                  {invitation.can.accept && (
                    <button
                      type="button"
                      className="button-primary"
                      aria-label={`Accept the invitation to ${invitation.organizationName}`}
                      disabled={working}
                      onClick={() => void join(invitation)}
                    >
                      Accept
                    </button>
                  )}
                  {invitation.can.delete && (
                    <button
                      type="button"
                      aria-label={`Decline the invitation to ${invitation.organizationName}`}
                      disabled={working}
                      onClick={() => void decline(invitation)}
                    >
                      Decline
                    </button>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}

      <h2 id="your-organizations" className={invitations.length > 0 ? undefined : 'visually-hidden'}>
        Your organizations
      </h2>
      {phase === 'ready' && organizations.length === 0 && (
        <p className="notes-empty">
          <strong>You are not in an organization.</strong> Members of an organization can all read and edit its notes.
        </p>
      )}
      <ul className="organizations-items" aria-labelledby="your-organizations">
        {organizations.map((one) => (
          <li key={one.id} className="card">
            <div className="organizations-text">
              <h3>
                <Link href={`/o/${one.slug}/notes`}>
                  <bdi>{one.name}</bdi>
                </Link>
              </h3>
              {one.role && <p className="soft">{roleNames[one.role]}</p>}
            </div>
            <Link className="button" href={`/o/${one.slug}/members`} aria-label={`Members of ${one.name}`}>
              Members
            </Link>
          </li>
        ))}
      </ul>
    </main>
  );
}
