import { useCallback, useEffect, useRef, useState } from 'react';
import { explain, RequestFailed } from './http';

export interface Page<T> {
  items: T[];
  next: string | null;
}

interface List<T> extends Page<T> {
  phase: 'loading' | 'ready' | 'failed';
  reason: string | null;
  /** The user may not see the list, or no longer. */
  notFound: boolean;
}

const initial = { phase: 'loading' as const, items: [], next: null, reason: null, notFound: false };

/** Loads a list page by page. `fetchPage` must be stable: the list is loaded again when it changes. */
export function useList<T extends { id: string }>(
  fetchPage: (after: string | null, signal: AbortSignal) => Promise<Page<T>>,
) {
  const [list, setList] = useState<List<T>>(initial);
  const pending = useRef<AbortController>(null);

  const ask = useCallback(
    (after: string | null) => {
      pending.current?.abort();
      const abort = new AbortController();
      pending.current = abort;
      fetchPage(after, abort.signal).then(
        (page) => {
          if (abort.signal.aborted) return;
          setList((now) => ({
            phase: 'ready',
            items: after === null ? page.items : [...now.items, ...page.items],
            next: page.next,
            reason: null,
            notFound: false,
          }));
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          const notFound = error instanceof RequestFailed && error.status === 404;
          setList((now) => ({ ...now, phase: 'failed', reason: explain(error), notFound }));
        },
      );
    },
    [fetchPage],
  );

  /** Loads the first page again; the items stay until it is there. */
  const refresh = useCallback(() => ask(null), [ask]);

  useEffect(() => {
    refresh();
    return () => pending.current?.abort();
  }, [refresh]);

  const load = useCallback(() => {
    setList((now) => ({ ...now, phase: 'loading', reason: null }));
    ask(null);
  }, [ask]);
  const loadMore = () => ask(list.next);
  /** Adds an item at the end or replaces the one with its id. */
  const put = (item: T) =>
    setList((now) => ({
      ...now,
      items: now.items.some((other) => other.id === item.id)
        ? now.items.map((other) => (other.id === item.id ? item : other))
        : [...now.items, item],
    }));
  const drop = (id: string) => setList((now) => ({ ...now, items: now.items.filter((item) => item.id !== id) }));
  return { list, load, refresh, loadMore, put, drop };
}
