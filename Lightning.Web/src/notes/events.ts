import { RequestFailed, send } from '../http';

/** A note event. It has no content: the note must be fetched. */
export type NoteEvent = { kind: 'changed' | 'gone'; id: string } | { kind: 'anything' };

/** Parses server-sent events from chunks of text (HTML Standard, 9.2.6). */
export function eventReader(onEvent: (event: NoteEvent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line): [string, string] => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 1).trimStart(),
          ]),
      );
      const kind = fields.get('event');
      if (kind === 'anything') onEvent({ kind });
      else if (kind === 'changed' || kind === 'gone')
        onEvent({ kind, id: (JSON.parse(fields.get('data') ?? '{}') as { id: string }).id });
    }
  };
}

const listeners = new Set<(event: NoteEvent) => void>();

/** Calls `listener` on each event of the browser's stream. Returns a function that unsubscribes. */
export function onNoteEvent(listener: (event: NoteEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function publish(event: NoteEvent): void {
  for (const listener of listeners) listener(event);
}

/** Longer than two heartbeats of the server: without one, the connection is dead, as after a laptop's sleep. */
const silence = 45_000;

/**
 * Listens until the stream ends for any reason; the server also ends it with the session. `EventSource` cannot send the
 * X-CSRF header, which the BFF requires.
 */
export async function listen(onEvent: (event: NoteEvent) => void, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const response = await send('/api/v1/notes/events', { headers: { accept: 'text/event-stream' }, signal });
    const read = eventReader(onEvent);
    const text = new TextDecoder();
    const reader = response.body?.getReader();
    const expectMore = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void reader?.cancel(), silence);
    };
    expectMore();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      expectMore();
      read(text.decode(part.value, { stream: true }));
    }
  } catch (error) {
    // The connection was refused, aborted or lost.
    if (!(error instanceof RequestFailed || error instanceof TypeError || signal.aborted)) throw error;
  } finally {
    clearTimeout(timer);
  }
}
