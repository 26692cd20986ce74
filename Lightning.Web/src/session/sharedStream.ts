import { pause } from '../pause';

const minDelay = 1_000;
const maxDelay = 30_000;

/** The part of `document` that tells whether the tab is visible. */
export type Page = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;

export interface Stream<Event> {
  /** The lock and the channel. Tabs with the same name share one connection. */
  name: string;
  /** Opens the stream. Settles when it ends, is aborted or cannot be opened. */
  open: (onEvent: (event: Event) => void, signal: AbortSignal) => Promise<void>;
  /** Called in each visible tab for each event. */
  onEvent: (event: Event) => void;
  /** Called in the tab that had the stream when it has ended. */
  onEnd: () => Promise<void>;
  /** Called when the tab may have missed events, because it was hidden. */
  onMissed: () => void;
}

/**
 * Keeps one stream open for all tabs of the browser, because browsers allow only six HTTP/1.1 connections per origin.
 * The visible tab that holds a Web Lock has the stream and passes its events on by a BroadcastChannel. It gives the
 * lock up when it is hidden; if it crashes, the browser does. Without Web Locks each visible tab has its own stream.
 *
 * @returns A function that stops the tab's part.
 */
export function share<Event>(stream: Stream<Event>, page: Page = document): () => void {
  // Typed as always present, but missing in old browsers and in insecure contexts.
  const locks = navigator.locks as LockManager | undefined;
  const channel = locks && 'BroadcastChannel' in globalThis ? new BroadcastChannel(stream.name) : null;
  let visible: AbortController | null = null;
  const isVisible = () => page.visibilityState === 'visible';
  let wasHidden = !isVisible();

  channel?.addEventListener('message', ({ data }: MessageEvent<Event>) => {
    // A hidden tab catches up when it becomes visible.
    if (isVisible()) stream.onEvent(data);
  });

  function onEvent(event: Event) {
    stream.onEvent(event);
    channel?.postMessage(event);
  }

  async function lead(signal: AbortSignal) {
    let delay = minDelay;
    while (!signal.aborted) {
      const began = Date.now();
      await stream.open(onEvent, signal);
      if (signal.aborted) return;
      await stream.onEnd();
      // Jitter and backoff: when a replica stops, its clients must not all reconnect at once.
      delay = Date.now() - began > maxDelay ? minDelay : Math.min(delay * 2, maxDelay);
      await pause(delay * (0.5 + Math.random() / 2), signal);
    }
  }

  async function takePart(signal: AbortSignal, catchUp: boolean) {
    if (!locks || !channel) return lead(signal);
    const led = await locks.request(stream.name, { ifAvailable: true }, async (lock) => {
      if (lock && !signal.aborted) await lead(signal);
      return lock !== null;
    });
    if (led || signal.aborted) return;
    // Another tab has the stream and does not send again what this one has missed.
    if (catchUp) stream.onMissed();
    try {
      await locks.request(stream.name, { signal }, () => lead(signal));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  function update() {
    if (isVisible() === (visible !== null)) return;
    visible?.abort();
    visible = isVisible() ? new AbortController() : null;
    if (visible) void takePart(visible.signal, wasHidden);
    else wasHidden = true;
  }

  update();
  page.addEventListener('visibilitychange', update);
  return () => {
    page.removeEventListener('visibilitychange', update);
    visible?.abort();
    channel?.close();
  };
}
