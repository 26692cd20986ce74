import { useCallback, useEffect, useRef, useState } from 'react';
import { explain, onUnauthorized, RequestFailed } from '../http';
import { Drafts } from '../notes/drafts';
import { listen, publish } from '../notes/events';
import { onOtherTab, tellOtherTabs } from './otherTabs';
import { getUser, type SessionEnd, type SignedIn } from './session';
import { share } from './sharedStream';

export type Visitor =
  | { kind: 'unknown' }
  | { kind: 'anonymous' }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'signed-in'; session: SignedIn };

const withEnd = (now: Visitor, end: SessionEnd): Visitor =>
  now.kind === 'signed-in' && now.session.ended !== 'signed-out'
    ? { kind: 'signed-in', session: { ...now.session, ended: end } }
    : now;

/** The current visitor. Loaded at the start, when the tab becomes visible and when the event stream ends. */
export function useVisitor(): [Visitor, retry: () => void] {
  const [visitor, setVisitor] = useState<Visitor>({ kind: 'unknown' });
  const [attempt, setAttempt] = useState(0);
  const userId = visitor.kind === 'signed-in' ? visitor.session.user.id : null;
  const isActive = visitor.kind === 'signed-in' && visitor.session.ended === null;
  const active = useRef(isActive);
  active.current = isActive;

  useEffect(() => {
    const abort = new AbortController();
    getUser({ signal: abort.signal }).then(
      (user) => {
        setVisitor({ kind: 'signed-in', session: { user, ended: null, drafts: new Drafts(user.id) } });
        tellOtherTabs({ kind: 'signed-in', userId: user.id });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const anonymous = error instanceof RequestFailed && error.status === 401;
        setVisitor(anonymous ? { kind: 'anonymous' } : { kind: 'unreachable', reason: explain(error) });
      },
    );
    return () => abort.abort();
  }, [attempt]);

  // The page stays, covered, when the session ends: it may have unsaved text.
  useEffect(() => {
    if (userId === null) return;
    return onUnauthorized(() => {
      if (!active.current) return;
      setVisitor((now) => withEnd(now, 'ended'));
      tellOtherTabs({ kind: 'ended', userId, signedOut: false });
    });
  }, [userId]);

  const recheck = useCallback(async () => {
    try {
      const user = await getUser({ slide: false });
      if (user.id !== userId) location.reload();
      else
        setVisitor((now) =>
          now.kind === 'signed-in' && now.session.ended
            ? { kind: 'signed-in', session: { ...now.session, user, ended: null } }
            : now,
        );
    } catch (error) {
      // onUnauthorized handles 401. Other failures say nothing about the session.
      if (!(error instanceof RequestFailed)) throw error;
    }
  }, [userId]);

  useEffect(() => {
    if (userId === null || !isActive) return;
    return share({
      name: `lightning-events-${userId}`,
      open: listen,
      onEvent: publish,
      // The server ends the stream with the session, but also when it restarts.
      onEnd: recheck,
      onMissed: () => publish({ kind: 'anything' }),
    });
  }, [userId, isActive, recheck]);

  useEffect(() => {
    if (userId === null) return;
    return onOtherTab((message) => {
      if (message.kind === 'signed-in') {
        if (!active.current || message.userId !== userId) void recheck();
      } else if (message.userId === userId) {
        setVisitor((now) => withEnd(now, message.signedOut ? 'signed-out' : 'ended'));
        // The other tab may have been late: the user may have signed in again.
        void recheck();
      }
    });
  }, [userId, recheck]);

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
