import { useEffect, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { InvitationsBadge, Switcher } from '../organizations/Switcher';
import { useOrganizations } from '../organizations/useOrganizations';
import { isLeaving, leave, Link, parse, usePath } from '../routing';
import { ImpersonationBanner } from './Impersonation';
import { tellOtherTabs } from './otherTabs';
import { signOut, useSession } from './session';

const currentIf = (current: boolean) => (current ? 'page' : undefined);

/** `leaving` is set while the user signs out. */
export function Header({ leaving, setLeaving }: { leaving: boolean; setLeaving: (leaving: boolean) => void }) {
  const { user, drafts } = useSession();
  const [confirming, setConfirming] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const route = parse(usePath());
  const { phase, organizations } = useOrganizations();
  const asked = 'slug' in route ? route.slug : null;
  // An organization that the user is not a member of has no pages for them.
  const isUnknown = asked !== null && phase === 'ready' && !organizations.some((one) => one.slug === asked);
  const slug = isUnknown ? null : asked;
  const space = slug === null ? '' : `/o/${slug}`;
  const isInNotes = !isUnknown && (route.page === 'notes' || route.page === 'trash');

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
        <Link className="brand" href={`${space}/notes`}>
          Lightning
        </Link>
        <Switcher slug={slug} />
        <nav aria-label="Lightning">
          <Link href={`${space}/notes`} aria-current={currentIf(isInNotes)}>
            Notes
          </Link>
          {slug !== null && (
            <Link
              href={`${space}/members`}
              aria-current={currentIf(route.page === 'members' || route.page === 'settings')}
            >
              Organization
            </Link>
          )}
          {!user.act && (
            <Link href="/devices" aria-current={currentIf(route.page === 'devices')}>
              Devices
            </Link>
          )}
        </nav>
        <InvitationsBadge />
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
