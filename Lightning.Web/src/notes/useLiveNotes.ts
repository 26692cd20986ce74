import { useEffect, useRef } from 'react';
import { RequestFailed } from '../http';
import { listen, type NoteEvent } from './events';
import { get, type Note } from './notes';

const firstDelay = 2_000;
const maxDelay = 60_000;

interface Handlers {
  put: (note: Note) => void;
  drop: (id: string) => void;
  /** Events may have been missed: reloads the list. */
  refresh: () => void;
}

/** Applies changes made in other tabs, on other devices and by other users. */
export function useLiveNotes(handlers: Handlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let isFirst = true;

    async function handle(event: NoteEvent) {
      try {
        if (event.kind === 'gone') latest.current.drop(event.id);
        else if (event.kind === 'changed') latest.current.put(await get(event.id, signal));
        else if (isFirst) isFirst = false;
        else latest.current.refresh();
      } catch (error) {
        // A failed request is ignored: the next event corrects it, and onUnauthorized handles 401.
        if (!(error instanceof RequestFailed) && !signal.aborted) throw error;
        if (event.kind === 'changed' && error instanceof RequestFailed && error.status === 404)
          latest.current.drop(event.id);
      }
    }

    async function keepListening() {
      let delay = firstDelay;
      while (!signal.aborted) {
        try {
          await listen((event) => {
            delay = firstDelay;
            void handle(event);
          }, signal);
        } catch (error) {
          if (signal.aborted || (error instanceof RequestFailed && error.status === 401)) return;
        }
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, delay);
          signal.addEventListener('abort', () => (clearTimeout(timer), resolve(undefined)), { once: true });
        });
        delay = Math.min(delay * 2, maxDelay);
      }
    }

    void keepListening();
    return () => abort.abort();
  }, []);
}
