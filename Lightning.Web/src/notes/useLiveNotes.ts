import { useEffect, useRef } from 'react';
import { RequestFailed } from '../http';
import { listen, type NoteEvent } from './events';
import { get, type Note } from './notes';

const firstPause = 2_000;
const longestPause = 60_000;

interface Follower {
  put: (note: Note) => void;
  drop: (id: string) => void;
  /** Something may have been missed: reads the list anew. */
  refresh: () => void;
}

/** Keeps the list as it is elsewhere: in another tab, on another device, or at whoever shares a note. */
export function useLiveNotes(follower: Follower): void {
  const latest = useRef(follower);
  useEffect(() => {
    latest.current = follower;
  });

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let isFirst = true;

    async function follow(event: NoteEvent) {
      try {
        if (event.kind === 'gone') latest.current.drop(event.id);
        else if (event.kind === 'changed') latest.current.put(await get(event.id, signal));
        else if (isFirst) isFirst = false;
        else latest.current.refresh();
      } catch (error) {
        // Gone meanwhile, or the connection is: what comes next says so, and a 401 has been heard of.
        if (!(error instanceof RequestFailed) && !signal.aborted) throw error;
        if (event.kind === 'changed' && error instanceof RequestFailed && error.status === 404) latest.current.drop(event.id);
      }
    }

    async function keepListening() {
      let pause = firstPause;
      while (!signal.aborted) {
        try {
          await listen((event) => {
            pause = firstPause;
            void follow(event);
          }, signal);
        } catch (error) {
          if (signal.aborted || (error instanceof RequestFailed && error.status === 401)) return;
        }
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, pause);
          signal.addEventListener('abort', () => (clearTimeout(timer), resolve(undefined)), { once: true });
        });
        pause = Math.min(pause * 2, longestPause);
      }
    }

    void keepListening();
    return () => abort.abort();
  }, []);
}
