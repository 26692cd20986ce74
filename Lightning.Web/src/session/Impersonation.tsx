import { useSession } from './session';

/** Shown on every page during an impersonation: the user, the end, and a button to stop. */
export function ImpersonationBanner({ stopping, onStop }: { stopping: boolean; onStop: () => void }) {
  const { user, ended } = useSession();
  if (!user.act || ended) return null;
  const end = new Date(user.session.endsAt);
  return (
    <section className="impersonation" aria-label="Impersonation">
      <p>
        <strong>You are impersonating {user.name}</strong> until{' '}
        <time dateTime={user.session.endsAt}>{end.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>
        .{' '}
        {user.act.mayWrite ? (
          <span className="impersonation-more">Your changes are logged under both names.</span>
        ) : (
          <span>You can read, but change nothing.</span>
        )}
      </p>
      <button type="button" disabled={stopping} onClick={onStop}>
        Stop impersonating
      </button>
    </section>
  );
}

/** Replaces a page that is not available during an impersonation. */
export function NotDuringImpersonation({ heading }: { heading: string }) {
  const { user } = useSession();
  return (
    <main className="page-narrow">
      <h1>{heading}</h1>
      <p>This page is not available while you are impersonating {user.name}.</p>
    </main>
  );
}
