import { useSession } from './session';

/** Said on every page while an administrator acts as somebody: as whom, until when, and the way out of it. */
export function Acting({ stopping, onStop }: { stopping: boolean; onStop: () => void }) {
  const { user, ended } = useSession();
  if (!user.act || ended) return null;
  const end = new Date(user.session.endsAt);
  return (
    <section className="acting" aria-label="You act as somebody">
      <p>
        <strong>You act as {user.name}</strong>, until <time dateTime={user.session.endsAt}>{end.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}</time>.{' '}
        <span className="acting-more">What you change is written down under both your names.</span>
      </p>
      <button type="button" disabled={stopping} onClick={onStop}>
        Stop
      </button>
    </section>
  );
}

/** In place of a page that is the person's alone. */
export function TheirsAlone({ heading }: { heading: string }) {
  const { user } = useSession();
  return (
    <main className="page-narrow">
      <h1>{heading}</h1>
      <p>This stays {user.name}’s own. Stop acting as them to see yours.</p>
    </main>
  );
}
