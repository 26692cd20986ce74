import { useCallback, useEffect, useState } from 'react';
import { explain, onUnauthorized, RequestFailed } from '../http';
import { Drafts } from '../notes/drafts';
import { getUser, type SignedIn } from './session';
import { useSessionWatch } from './useSessionWatch';

export type Visitor =
  | { kind: 'unknown' }
  | { kind: 'anonymous' }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'signed-in'; session: SignedIn };

/** The current visitor. Loaded at the start, when the tab becomes visible and when the session stream ends. */
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

  // The page stays when the session ends: it may have unsaved text.
  useEffect(
    () =>
      onUnauthorized(() =>
        setVisitor((now) =>
          now.kind === 'signed-in' ? { kind: 'signed-in', session: { ...now.session, ended: true } } : now,
        ),
      ),
    [],
  );

  const recheck = useCallback(async () => {
    try {
      const user = await getUser({ slide: false });
      if (user.id !== userId) location.reload();
      else
        setVisitor((now) =>
          now.kind === 'signed-in' && now.session.ended
            ? { kind: 'signed-in', session: { ...now.session, user, ended: false } }
            : now,
        );
    } catch (error) {
      // onUnauthorized handles 401. Other failures say nothing about the session.
      if (!(error instanceof RequestFailed)) throw error;
    }
  }, [userId]);

  useSessionWatch(visitor.kind === 'signed-in' && !visitor.session.ended, recheck);

  useEffect(() => {
    if (userId === null) return;
    const visibilityChanged = () => {
      if (document.visibilityState === 'visible') void recheck();
    };
    // The back-forward cache could show the page of a previous user.
    const pageShown = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    document.addEventListener('visibilitychange', visibilityChanged);
    addEventListener('pageshow', pageShown);
    return () => {
      document.removeEventListener('visibilitychange', visibilityChanged);
      removeEventListener('pageshow', pageShown);
    };
  }, [userId, recheck]);

  const retry = useCallback(() => {
    setVisitor({ kind: 'unknown' });
    setAttempt((n) => n + 1);
  }, []);
  return [visitor, retry];
}
