import { useSyncExternalStore } from 'react';
import { usePath } from '../routing';
import { signIn, useSession } from './session';

/** Says that the session is over, where it was not expected to be: to whoever is signing out it is no news, and nothing may come between them and the provider's own sign-out. */
export function SessionEnded({ expected }: { expected: boolean }) {
  const { user, ended: over, drafts } = useSession();
  const ended = over && !expected;
  const path = usePath();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids).length > 0;

  return (
    <div role="alert" className={ended ? 'ended' : undefined}>
      {ended && user.act && (
        <div className="ended-inside">
          <p>
            <strong>You no longer act as {user.name}.</strong> What was not saved is dropped.
          </p>
          <button
            type="button"
            className="button-primary"
            onClick={() => {
              drafts.clear();
              signIn('/notes');
            }}
          >
            Go on as yourself
          </button>
        </div>
      )}
      {ended && !user.act && (
        <div className="ended-inside">
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
  if (!unsaved) return 'Sign in to go on where you are.';
  if (survives) return 'Your unsaved text is kept in this tab, and will be here when you come back.';
  return 'This browser refuses to keep your unsaved text: copy it before you sign in.';
}
