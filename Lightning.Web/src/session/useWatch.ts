import { useEffect } from 'react';
import { follow } from '../http';

const shortest = 1_000;
const longest = 30_000;

/**
 * Learns at once that the session was ended elsewhere: the server hangs up on a stream that is held open while the tab is in view. A tab out of
 * view holds none, because browsers give an origin few connections; it asks when the person comes back to it.
 */
export function useWatch(active: boolean, lookAgain: () => Promise<void>): void {
  useEffect(() => {
    if (!active) return;
    let watching: AbortController | null = null;
    function turn() {
      const visible = document.visibilityState === 'visible';
      if (visible === (watching !== null)) return;
      watching?.abort();
      watching = visible ? new AbortController() : null;
      if (watching) void watch(watching.signal, lookAgain);
    }
    turn();
    document.addEventListener('visibilitychange', turn);
    return () => {
      document.removeEventListener('visibilitychange', turn);
      watching?.abort();
    };
  }, [active, lookAgain]);
}

async function watch(signal: AbortSignal, lookAgain: () => Promise<void>): Promise<void> {
  let wait = shortest;
  while (!signal.aborted) {
    const began = Date.now();
    await follow('/bff/watch', signal);
    if (signal.aborted) return;
    await lookAgain();
    // A replica that goes away takes many streams with it: they must not all come back in one moment, nor hammer one that refuses.
    wait = Date.now() - began > longest ? shortest : Math.min(wait * 2, longest);
    await pause(wait * (0.5 + Math.random() / 2), signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
