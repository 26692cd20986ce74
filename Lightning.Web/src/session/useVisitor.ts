import { useCallback, useEffect, useState } from 'react';
import { explain, onUnauthorized, RequestFailed } from '../http';
import { Drafts } from '../notes/drafts';
import { getUser, type SignedIn } from './session';
import { useWatch } from './useWatch';

export type Visitor =
  | { kind: 'unknown' }
  | { kind: 'anonymous' }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'signed-in'; session: SignedIn };

/** Who is here: asked once at the start, and again when the person comes back to this tab or the server hangs up on it. */
export function useVisitor(): [Visitor, retry: () => void] {
  const [visitor, setVisitor] = useState<Visitor>({ kind: 'unknown' });
  const [attempt, setAttempt] = useState(0);
  const userId = visitor.kind === 'signed-in' ? visitor.session.user.id : null;

  useEffect(() => {
    const abort = new AbortController();
    getUser({ signal: abort.signal }).then(
      (user) => setVisitor({ kind: 'signed-in', session: { user, ended: false, drafts: new Drafts(user.id) } }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const anonymous = error instanceof RequestFailed && error.status === 401;
        setVisitor(anonymous ? { kind: 'anonymous' } : { kind: 'unreachable', reason: explain(error) });
      },
    );
    return () => abort.abort();
  }, [attempt]);

  // A session that ends does not take the page away: the text on it may not be saved yet.
  useEffect(
    () =>
      onUnauthorized(() =>
        setVisitor((now) => (now.kind === 'signed-in' ? { kind: 'signed-in', session: { ...now.session, ended: true } } : now)),
      ),
    [],
  );

  const lookAgain = useCallback(async () => {
    try {
      const user = await getUser({ slide: false });
      if (user.id !== userId) location.reload();
      else setVisitor((now) => (now.kind === 'signed-in' && now.session.ended ? { kind: 'signed-in', session: { ...now.session, user, ended: false } } : now));
    } catch (error) {
      // A 401 has reached onUnauthorized. Any other failure says nothing about the session, and the next action will meet it.
      if (!(error instanceof RequestFailed)) throw error;
    }
  }, [userId]);

  useWatch(visitor.kind === 'signed-in' && !visitor.session.ended, lookAgain);

  useEffect(() => {
    if (userId === null) return;
    const returned = () => {
      if (document.visibilityState === 'visible') void lookAgain();
    };
    // The Back button may show this page as it was, names and notes and all, to whoever sits here now.
    const thawed = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    document.addEventListener('visibilitychange', returned);
    addEventListener('pageshow', thawed);
    return () => {
      document.removeEventListener('visibilitychange', returned);
      removeEventListener('pageshow', thawed);
    };
  }, [userId, lookAgain]);

  const retry = useCallback(() => {
    setVisitor({ kind: 'unknown' });
    setAttempt((n) => n + 1);
  }, []);
  return [visitor, retry];
}
