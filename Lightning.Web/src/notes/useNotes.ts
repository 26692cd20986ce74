import { useCallback, useEffect, useReducer, useRef } from 'react';
import { explain } from '../http';
import { list, type Note, type Page } from './notes';

export interface Notes {
  phase: 'loading' | 'ready' | 'failed';
  items: Note[];
  next: string | null;
  /** How fetching the next page is going. */
  more: 'idle' | 'loading' | 'failed';
  reason: string | null;
}

type Change =
  | { type: 'asked' }
  | { type: 'answered'; page: Page }
  | { type: 'refused'; reason: string }
  | { type: 'more-asked' }
  | { type: 'more-answered'; page: Page }
  | { type: 'more-refused'; reason: string }
  | { type: 'put'; note: Note }
  | { type: 'dropped'; id: string };

const newestChangeFirst = (a: Note, b: Note) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt);

function merge(items: Note[], more: Note[]): Note[] {
  const known = new Set(more.map((note) => note.id));
  return [...items.filter((note) => !known.has(note.id)), ...more].sort(newestChangeFirst);
}

export function reduce(notes: Notes, change: Change): Notes {
  switch (change.type) {
    case 'asked':
      return { ...notes, phase: 'loading', reason: null };
    case 'answered':
      return { phase: 'ready', items: change.page.items, next: change.page.next, more: 'idle', reason: null };
    case 'refused':
      return { ...notes, phase: 'failed', reason: change.reason };
    case 'more-asked':
      return { ...notes, more: 'loading', reason: null };
    case 'more-answered':
      return { ...notes, items: merge(notes.items, change.page.items), next: change.page.next, more: 'idle' };
    case 'more-refused':
      return { ...notes, more: 'failed', reason: change.reason };
    case 'put':
      return { ...notes, items: merge(notes.items, [change.note]) };
    case 'dropped':
      return { ...notes, items: notes.items.filter((note) => note.id !== change.id) };
  }
}

const nothingYet: Notes = { phase: 'loading', items: [], next: null, more: 'idle', reason: null };

/** The person's notes as far as they have been fetched, newest change first. */
export function useNotes() {
  const [notes, change] = useReducer(reduce, nothingYet);
  const pending = useRef<AbortController>(null);

  const load = useCallback(() => {
    pending.current?.abort();
    const abort = new AbortController();
    pending.current = abort;
    change({ type: 'asked' });
    list(null, abort.signal).then(
      (page) => change({ type: 'answered', page }),
      (error: unknown) => {
        if (!abort.signal.aborted) change({ type: 'refused', reason: explain(error) });
      },
    );
  }, []);

  useEffect(() => {
    load();
    return () => pending.current?.abort();
  }, [load]);

  const loadMore = useCallback(() => {
    change({ type: 'more-asked' });
    list(notes.next).then(
      (page) => change({ type: 'more-answered', page }),
      (error: unknown) => change({ type: 'more-refused', reason: explain(error) }),
    );
  }, [notes.next]);

  const put = useCallback((note: Note) => change({ type: 'put', note }), []);
  const drop = useCallback((id: string) => change({ type: 'dropped', id }), []);

  return { notes, load, loadMore, put, drop };
}
