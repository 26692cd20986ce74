import { useEffect, useRef } from 'react';
import { RequestFailed } from '../http';
import { newNote } from '../routing';
import { onNoteEvent, type NoteEvent } from './events';
import { get, type Note } from './notes';

interface Handlers {
  put: (note: Note) => void;
  drop: (id: string) => void;
  /** Events may have been missed: reloads the list. */
  refresh: () => void;
}

/** Applies changes made in other tabs, on other devices and by other users. `open` is the id of the open note. */
export function useLiveNotes(open: string | null, handlers: Handlers): void {
  const latest = useRef({ open, ...handlers });
  useEffect(() => {
    latest.current = { open, ...handlers };
  });

  useEffect(() => {
    const abort = new AbortController();

    async function update(id: string) {
      try {
        latest.current.put(await get(id, abort.signal));
      } catch (error) {
        // A failed request is ignored: the next event corrects it, and onUnauthorized handles 401.
        if (!(error instanceof RequestFailed) && !abort.signal.aborted) throw error;
        if (error instanceof RequestFailed && error.status === 404) latest.current.drop(id);
      }
    }

    function handle(event: NoteEvent) {
      if (event.kind === 'gone') latest.current.drop(event.id);
      else if (event.kind === 'changed') void update(event.id);
      else {
        const { open, refresh } = latest.current;
        refresh();
        // The open note may be on a later page of the list.
        if (open !== null && open !== newNote) void update(open);
      }
    }

    const stop = onNoteEvent(handle);
    return () => {
      stop();
      abort.abort();
    };
  }, []);
}
