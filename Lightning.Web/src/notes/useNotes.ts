import { useCallback, useEffect, useMemo, useReducer, useRef } from 'react';
import { explain, RequestFailed } from '../http';
import { isPinned, list, type Filter, type Note, type Page } from './notes';
import { useSpace } from './space';

export interface Notes {
  phase: 'loading' | 'ready' | 'failed';
  /** All loaded notes, including those that the list does not show, such as the open one. */
  known: Note[];
  /** The ids of the search results; null without a search. */
  found: string[] | null;
  next: string | null;
  /** The state of loading the next page. */
  more: 'idle' | 'loading' | 'failed';
  reason: string | null;
}

type Change =
  | { type: 'asked' }
  | { type: 'answered'; page: Page; isSearch: boolean; keep: (note: Note) => boolean }
  | { type: 'refused'; reason: string; isBackground: boolean }
  | { type: 'more-asked' }
  | { type: 'more-answered'; page: Page }
  | { type: 'more-refused'; reason: string }
  | { type: 'put'; note: Note }
  | { type: 'dropped'; ids: string[] };

const pinnedFirst = (a: Note, b: Note) =>
  Number(isPinned(b)) - Number(isPinned(a)) || Date.parse(b.updatedAt) - Date.parse(a.updatedAt);
const idsOf = (notes: Note[]) => notes.map((note) => note.id);

function merge(known: Note[], more: Note[]): Note[] {
  const newer = new Set(idsOf(more));
  return [...known.filter((note) => !newer.has(note.id)), ...more].sort(pinnedFirst);
}

export function reduce(notes: Notes, change: Change): Notes {
  switch (change.type) {
    case 'asked':
      return { ...notes, phase: 'loading', reason: null };
    case 'answered': {
      const { items, next } = change.page;
      return {
        phase: 'ready',
        known: merge(notes.known.filter(change.keep), items),
        found: change.isSearch ? idsOf(items) : null,
        next,
        more: 'idle',
        reason: null,
      };
    }
    case 'refused':
      // A failed background refresh keeps the list. It has also aborted a pending request for more.
      return change.isBackground && notes.phase !== 'loading'
        ? { ...notes, more: notes.more === 'loading' ? 'idle' : notes.more }
        : { ...notes, phase: 'failed', reason: change.reason };
    case 'more-asked':
      return { ...notes, more: 'loading', reason: null };
    case 'more-answered': {
      const { items, next } = change.page;
      return {
        ...notes,
        known: merge(notes.known, items),
        found: notes.found && [...notes.found, ...idsOf(items)],
        next,
        more: 'idle',
      };
    }
    case 'more-refused':
      return { ...notes, more: 'failed', reason: change.reason };
    case 'put':
      return { ...notes, known: merge(notes.known, [change.note]) };
    case 'dropped':
      return { ...notes, known: notes.known.filter((note) => !change.ids.includes(note.id)) };
  }
}

function shows({ organizationId, view }: Filter, found: string[] | null, note: Note): boolean {
  // The events are those of all spaces.
  if (note.organizationId !== organizationId) return false;
  const isThere =
    view === 'archive' ? note.archivedAt !== null : note.archivedAt === null && (view === 'notes' || !note.isOwn);
  return isThere && (found === null || found.includes(note.id));
}

const initial: Notes = { phase: 'loading', known: [], found: null, next: null, more: 'idle', reason: null };

/** Only the unfiltered list has the pinned notes on top; all of them are loaded first. */
const showsPinned = ({ view, search }: Filter) => view === 'notes' && search === '';

async function first(filter: Filter, signal: AbortSignal): Promise<Page> {
  if (!showsPinned(filter)) return list(filter, { signal });
  const [pinned, others] = await Promise.all([allPinned(filter, signal), list(filter, { pinned: false, signal })]);
  return { items: [...pinned, ...others.items], next: others.next };
}

async function allPinned(filter: Filter, signal: AbortSignal): Promise<Note[]> {
  const notes: Note[] = [];
  let after: string | null = null;
  do {
    const page: Page = await list(filter, { pinned: true, after, signal });
    notes.push(...page.items);
    after = page.next;
  } while (after !== null);
  return notes;
}

/** Whether the first page would contain the note: if it does not, the note has left the list. */
function isWithin(filter: Filter, { items, next }: Page, note: Note): boolean {
  const last = items.at(-1);
  return shows(filter, null, note) && (next === null || (last !== undefined && pinnedFirst(note, last) <= 0));
}

/** The loaded notes: pinned first, then most recently updated first. */
export function useNotes({ view, search }: Omit<Filter, 'organizationId'>, open: string | null) {
  const { organizationId, onGone } = useSpace();
  const filter = useMemo(() => ({ organizationId, view, search }), [organizationId, view, search]);
  const [notes, change] = useReducer(reduce, initial);
  const pending = useRef<AbortController>(null);

  const opened = useRef(open);
  opened.current = open;

  const ask = useCallback(
    (isBackground: boolean) => {
      pending.current?.abort();
      const abort = new AbortController();
      pending.current = abort;
      if (!isBackground) change({ type: 'asked' });
      first(filter, abort.signal).then(
        (page) => {
          // The open note is kept, and on a background refresh the notes of later pages too.
          const keep = (note: Note) => note.id === opened.current || (isBackground && !isWithin(filter, page, note));
          if (!abort.signal.aborted) change({ type: 'answered', page, isSearch: filter.search !== '', keep });
        },
        (error: unknown) => {
          if (abort.signal.aborted) return;
          if (error instanceof RequestFailed && error.status === 404) onGone();
          change({ type: 'refused', reason: explain(error), isBackground });
        },
      );
    },
    [filter, onGone],
  );
  const load = useCallback(() => ask(false), [ask]);
  const refresh = useCallback(() => ask(true), [ask]);

  useEffect(() => {
    load();
    return () => pending.current?.abort();
  }, [load]);

  const loadMore = useCallback(() => {
    change({ type: 'more-asked' });
    // Aborted together with the list.
    const signal = pending.current?.signal;
    list(filter, { after: notes.next, ...(showsPinned(filter) && { pinned: false }), ...(signal && { signal }) }).then(
      (page) => !signal?.aborted && change({ type: 'more-answered', page }),
      (error: unknown) => {
        if (!signal?.aborted) change({ type: 'more-refused', reason: explain(error) });
      },
    );
  }, [filter, notes.next]);

  const put = useCallback((note: Note) => change({ type: 'put', note }), []);
  const drop = useCallback((...ids: string[]) => change({ type: 'dropped', ids }), []);
  const items = useMemo(
    () => notes.known.filter((note) => shows(filter, notes.found, note)),
    [notes.known, notes.found, filter],
  );

  return { notes, items, load, refresh, loadMore, put, drop };
}
