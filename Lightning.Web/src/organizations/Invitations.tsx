import { useCallback, useRef, useState, type SubmitEvent } from 'react';
import { explain, fieldErrors, RequestFailed } from '../http';
import { useList } from '../useList';
import { expiryOf, invite, listInvitations, removeInvitation, resend, type Invitation } from './invitations';
import { isProblem } from './OrganizationFields';
import { roleNames, type InvitedRole, type Organization } from './organizations';

/** Invites people by email address. It does not tell whether an account with the address exists. */
export function Invitations({ organization: { id } }: { organization: Organization }) {
  const { list, load, refresh, loadMore, put, drop } = useList(
    useCallback((after, signal) => listInvitations(id, after, signal), [id]),
  );
  const { phase, items, next, reason } = list;
  const [address, setAddress] = useState('');
  const [role, setRole] = useState<InvitedRole>('member');
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [done, setDone] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // A retry of the same request uses the same idempotency key.
  const key = useRef(crypto.randomUUID());
  const [resendKeys] = useState(() => new Map<string, string>());

  async function once(work: () => Promise<string>) {
    setWorking(true);
    setError(null);
    setFailure(null);
    setDone('');
    try {
      setDone(await work());
    } catch (error) {
      const field = addressError(error);
      if (field === undefined) setFailure(describe(error));
      else {
        setError(field);
        input.current?.focus();
      }
      if (error instanceof RequestFailed && (error.status === 404 || error.status === 412)) refresh();
    } finally {
      setWorking(false);
    }
  }

  function add(event: SubmitEvent) {
    event.preventDefault();
    void once(async () => {
      const created = await invite(id, address.trim(), role, key.current);
      key.current = crypto.randomUUID();
      put(created);
      setAddress('');
      setRole('member');
      input.current?.focus();
      return `We sent an invitation to ${created.address}.`;
    });
  }

  const sendAgain = (invitation: Invitation) =>
    once(async () => {
      const key = resendKeys.get(invitation.id) ?? crypto.randomUUID();
      resendKeys.set(invitation.id, key);
      put(await resend(invitation, key));
      resendKeys.delete(invitation.id);
      return `We sent the invitation to ${invitation.address} again.`;
    });

  const revoke = (invitation: Invitation) =>
    once(async () => {
      await removeInvitation(invitation);
      drop(invitation.id);
      heading.current?.focus();
      return `The invitation to ${invitation.address} was revoked.`;
    });

  return (
    <section aria-labelledby="invitations-heading">
      <h2 id="invitations-heading" ref={heading} tabIndex={-1}>
        Invitations
      </h2>
      <form onSubmit={add} noValidate className="invite">
        <div className="field">
          <label htmlFor="invitation-address">Email address</label>
          <input
            id="invitation-address"
            ref={input}
            type="email"
            autoComplete="off"
            placeholder="grace@example.com"
            value={address}
            onChange={(event) => {
              key.current = crypto.randomUUID();
              setAddress(event.target.value);
            }}
            aria-invalid={error !== null}
            aria-describedby={error === null ? undefined : 'invitation-address-error'}
          />
          {error !== null && (
            <p id="invitation-address-error" className="field-error">
              {error}
            </p>
          )}
        </div>
        <div className="field">
          <label htmlFor="invitation-role">Role</label>
          <select
            id="invitation-role"
            value={role}
            onChange={(event) => {
              key.current = crypto.randomUUID();
              setRole(event.target.value as InvitedRole);
            }}
          >
            <option value="member">Member</option>
            <option value="admin">Admin</option>
          </select>
        </div>
        <button type="submit" className="button-primary" disabled={working}>
          Send invitation
        </button>
      </form>
      <p role="status" className={done ? 'alert alert-success' : 'visually-hidden'}>
        {done}
      </p>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
      {phase === 'failed' && (
        <div role="alert" className="alert alert-danger">
          <p>The invitations could not be loaded. {reason}</p>
          <button type="button" onClick={load}>
            Try again
          </button>
        </div>
      )}
      {items.length > 0 && (
        <ul className="organizations-items" aria-labelledby="invitations-heading">
          {items.map((invitation) => (
            <li key={invitation.id} className="card">
              <div className="organizations-text">
                <h3>{invitation.address}</h3>
                <p className="soft">
                  {roleNames[invitation.role]} · invited by <bdi>{invitation.invitedBy}</bdi> · {expiryOf(invitation)}
                </p>
              </div>
              <div className="organizations-actions">
                {invitation.can.update && (
                  <button
                    type="button"
                    aria-label={`Resend the invitation to ${invitation.address}`}
                    disabled={working}
                    onClick={() => void sendAgain(invitation)}
                  >
                    Resend
                  </button>
                )}
                {invitation.can.delete && (
                  <button
                    type="button"
                    className="button-danger"
                    aria-label={`Revoke the invitation to ${invitation.address}`}
                    disabled={working}
                    onClick={() => void revoke(invitation)}
                  >
                    Revoke
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {phase === 'ready' && next !== null && (
        <button type="button" className="notes-more" onClick={loadMore}>
          Show more
        </button>
      )}
    </section>
  );
}

function addressError(error: unknown): string | undefined {
  if (isProblem(error, 'already-invited')) return 'This address is already invited. You can resend the invitation.';
  if (isProblem(error, 'already-member')) return 'This person is already a member.';
  return fieldErrors(error).address;
}

const describe = (error: unknown) =>
  error instanceof RequestFailed && error.status === 404
    ? 'This invitation was accepted, declined or revoked.'
    : explain(error);
