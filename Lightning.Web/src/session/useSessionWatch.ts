import { useEffect } from 'react';
import { follow } from '../http';

const minDelay = 1_000;
const maxDelay = 30_000;

/**
 * Detects immediately that the session was ended elsewhere: the server closes a stream that is open while the tab is
 * visible. Hidden tabs have no stream, because browsers limit the connections per origin; they check the session when
 * they become visible.
 */
export function useSessionWatch(active: boolean, recheck: () => Promise<void>): void {
  useEffect(() => {
    if (!active) return;
    let watching: AbortController | null = null;
    function update() {
      const visible = document.visibilityState === 'visible';
      if (visible === (watching !== null)) return;
      watching?.abort();
      watching = visible ? new AbortController() : null;
      if (watching) void watch(watching.signal, recheck);
    }
    update();
    document.addEventListener('visibilitychange', update);
    return () => {
      document.removeEventListener('visibilitychange', update);
      watching?.abort();
    };
  }, [active, recheck]);
}

async function watch(signal: AbortSignal, recheck: () => Promise<void>): Promise<void> {
  let delay = minDelay;
  while (!signal.aborted) {
    const began = Date.now();
    await follow('/bff/watch', signal);
    if (signal.aborted) return;
    await recheck();
    // Jitter and backoff: when a replica stops, its clients must not all reconnect at once.
    delay = Date.now() - began > maxDelay ? minDelay : Math.min(delay * 2, maxDelay);
    await pause(delay * (0.5 + Math.random() / 2), signal);
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
