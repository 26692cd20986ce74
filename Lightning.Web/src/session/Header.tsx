import { useEffect, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { isLeaving, leave, Link, usePath } from '../routing';
import { Acting } from './Acting';
import { signOut, useSession } from './session';
import { SessionEnded } from './SessionEnded';

export function Header() {
  const { user, drafts } = useSession();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);

  const path = usePath();

  useEffect(() => {
    function warn(event: BeforeUnloadEvent) {
      if (drafts.ids().length > 0 && !isLeaving()) event.preventDefault();
    }
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [drafts]);

  async function goOut() {
    setAsking(false);
    setFailure(null);
    setLeaving(true);
    try {
      const next = await signOut();
      drafts.clear();
      leave(next);
    } catch (error) {
      setLeaving(false);
      // Already signed out, elsewhere or by time: what they asked for is true.
      if (error instanceof RequestFailed && error.status === 401) {
        drafts.clear();
        leave('/');
      } else setFailure(`${user.act ? `You still act as ${user.name}.` : 'You are still signed in.'} ${explain(error)}`);
    }
  }

  function leaveOrAsk() {
    if (drafts.ids().length > 0) setAsking(true);
    else void goOut();
  }

  return (
    <>
      <Acting stopping={leaving} onStop={leaveOrAsk} />
      <header className="site-header">
        <Link className="brand" href="/notes">
          Lightning
        </Link>
        <nav aria-label="Lightning">
          <Link href="/notes" aria-current={path.startsWith('/devices') ? undefined : 'page'}>
            Notes
          </Link>
          {!user.act && (
            <Link href="/devices" aria-current={path.startsWith('/devices') ? 'page' : undefined}>
              Devices
            </Link>
          )}
        </nav>
        <div className="who">
          <p className="who-name">
            <strong>{user.name}</strong>
            {user.email !== user.name && <span>{user.email}</span>}
          </p>
          {!user.act && (
            <button type="button" disabled={leaving} onClick={leaveOrAsk}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <div role="alert">{failure && <p className="alert alert-danger notice">{failure}</p>}</div>
      {asking && (
        <Dialog heading="Leave your unsaved text behind?" onClose={() => setAsking(false)}>
          <p>Some of what you wrote is not saved. It is dropped when you go, so that nobody else finds it in this browser.</p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setAsking(false)}>
              Stay here
            </button>
            <button type="button" className="button-danger" onClick={() => void goOut()}>
              Drop it and go
            </button>
          </div>
        </Dialog>
      )}
      <SessionEnded expected={leaving} />
    </>
  );
}
