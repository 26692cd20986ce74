import { send } from '../http';

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

/** Listens until the server ends the stream. `EventSource` cannot send the X-CSRF header, which the BFF requires. */
export async function listen(onEvent: (event: NoteEvent) => void, signal: AbortSignal): Promise<void> {
  const response = await send('/api/v1/notes/events', { headers: { accept: 'text/event-stream' }, signal });
  const read = eventReader(onEvent);
  const text = new TextDecoder();
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    read(text.decode(part.value, { stream: true }));
}
