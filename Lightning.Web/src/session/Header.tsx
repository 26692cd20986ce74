import { useEffect, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { isLeaving, leave, Link, usePath } from '../routing';
import { ImpersonationBanner } from './Impersonation';
import { tellOtherTabs } from './otherTabs';
import { signOut, useSession } from './session';

/** `leaving` is set while the user signs out. */
export function Header({ leaving, setLeaving }: { leaving: boolean; setLeaving: (leaving: boolean) => void }) {
  const { user, drafts } = useSession();
  const [confirming, setConfirming] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const path = usePath();

  useEffect(() => {
    function warn(event: BeforeUnloadEvent) {
      if (drafts.ids().length > 0 && !isLeaving()) event.preventDefault();
    }
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [drafts]);

  async function endSession() {
    setConfirming(false);
    setFailure(null);
    setLeaving(true);
    try {
      const next = await signOut();
      tellOtherTabs({ kind: 'ended', userId: user.id, signedOut: true });
      drafts.clear();
      leave(next);
    } catch (error) {
      setLeaving(false);
      // The session had already ended.
      if (error instanceof RequestFailed && error.status === 401) {
        drafts.clear();
        leave('/');
      } else
        setFailure(
          `${user.act ? `You are still impersonating ${user.name}.` : 'You are still signed in.'} ${explain(error)}`,
        );
    }
  }

  function confirmAndEnd() {
    if (drafts.ids().length > 0) setConfirming(true);
    else void endSession();
  }

  return (
    <>
      <ImpersonationBanner stopping={leaving} onStop={confirmAndEnd} />
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
        <div className="account">
          <p className="account-name">
            <strong>{user.name}</strong>
            {user.email !== user.name && <span>{user.email}</span>}
          </p>
          {!user.act && (
            <button type="button" disabled={leaving} onClick={confirmAndEnd}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <div role="alert">{failure && <p className="alert alert-danger notice">{failure}</p>}</div>
      {confirming && (
        <Dialog heading="Discard unsaved text?" onClose={() => setConfirming(false)}>
          <p>You have unsaved text. It will be discarded so that other people who use this browser cannot read it.</p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setConfirming(false)}>
              Cancel
            </button>
            <button type="button" className="button-danger" onClick={() => void endSession()}>
              Discard and continue
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
