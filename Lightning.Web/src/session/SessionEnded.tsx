import { useEffect, useLayoutEffect, useRef, useSyncExternalStore, type ReactNode } from 'react';
import { usePath } from '../routing';
import { signIn, useSession, type SessionEnd } from './session';

/**
 * Covers the content when the session has ended, unless the user is signing out in this tab. The content stays in the
 * page with its unsaved text. It stays in view only if that text would be lost otherwise.
 */
export function SessionEnded({ expected, children }: { expected: boolean; children: ReactNode }) {
  const { ended: end, drafts } = useSession();
  const ended = end !== null && !expected;
  const survives = useSyncExternalStore(drafts.subscribe, () => drafts.survivesLeaving);
  const covered = ended && (survives || end === 'signed-out');

  return (
    <>
      <div role="alert" className={ended && !covered ? 'session-ended' : undefined}>
        {ended && !covered && (
          <div className="session-ended-content">
            <Message />
          </div>
        )}
      </div>
      {covered && <Cover />}
      <div className="session-content" hidden={covered}>
        {children}
      </div>
    </>
  );
}

/** A modal dialog over the whole page, on top of other dialogs. */
function Cover() {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  // The title may be the open note's.
  useEffect(() => {
    const title = document.title;
    document.title = 'Signed out · Lightning';
    return () => {
      document.title = title;
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      className="session-cover"
      aria-label="Signed out"
      onCancel={(event) => event.preventDefault()}
      onClose={(event) => !event.currentTarget.open && event.currentTarget.showModal()}
    >
      <Message />
    </dialog>
  );
}

function Message() {
  const { user, ended, drafts } = useSession();
  const path = usePath();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids).length > 0;

  if (user.act)
    return (
      <>
        <p>
          <strong>The impersonation of {user.name} has ended.</strong> Unsaved text will be discarded.
        </p>
        <button
          type="button"
          className="button-primary"
          onClick={() => {
            drafts.clear();
            signIn('/notes');
          }}
        >
          Return to your account
        </button>
      </>
    );
  return (
    <>
      <p>
        <strong>{ended === 'signed-out' ? 'You signed out in another tab.' : 'Your session has ended.'}</strong>{' '}
        {unsaved ? advice(ended, drafts.survivesLeaving) : 'Sign in again to continue.'}
      </p>
      <button
        type="button"
        className="button-primary"
        onClick={() => {
          // The browser clears the storage of all tabs when one signs out.
          drafts.store();
          signIn(path);
        }}
      >
        Sign in again
      </button>
    </>
  );
}

function advice(end: SessionEnd | null, survives: boolean): string {
  if (survives) return 'Your unsaved text is kept in this tab.';
  if (end === 'signed-out') return 'Your unsaved text could not be stored and will be lost.';
  return 'Your unsaved text could not be stored. Copy it before you sign in.';
}
