import { useSyncExternalStore } from 'react';
import { usePath } from '../routing';
import { signIn, useSession } from './session';

/** Tells that the session has ended, unless the user is signing out. */
export function SessionEnded({ expected }: { expected: boolean }) {
  const { user, ended: isOver, drafts } = useSession();
  const ended = isOver && !expected;
  const path = usePath();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids).length > 0;

  return (
    <div role="alert" className={ended ? 'session-ended' : undefined}>
      {ended && user.act && (
        <div className="session-ended-content">
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
        </div>
      )}
      {ended && !user.act && (
        <div className="session-ended-content">
          <p>
            <strong>Your session has ended.</strong> {advice(unsaved, drafts.survivesLeaving)}
          </p>
          <button type="button" className="button-primary" onClick={() => signIn(path)}>
            Sign in again
          </button>
        </div>
      )}
    </div>
  );
}

function advice(unsaved: boolean, survives: boolean): string {
  if (!unsaved) return 'Sign in again to continue.';
  if (survives) return 'Your unsaved text is kept in this tab.';
  return 'Your unsaved text could not be stored. Copy it before you sign in.';
}
