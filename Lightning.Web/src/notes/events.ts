import { send } from '../http';

/** What the server tells of notes: which one, and never a word of it. */
export type NoteEvent = { kind: 'changed' | 'gone'; id: string } | { kind: 'anything' };

/** Reads server-sent events from text as it comes in, whole or in pieces (HTML Standard, 9.2.6). */
export function eventReader(onEvent: (event: NoteEvent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const blocks = (rest + text).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]));
      const kind = fields.get('event');
      if (kind === 'anything') onEvent({ kind });
      else if (kind === 'changed' || kind === 'gone') onEvent({ kind, id: (JSON.parse(fields.get('data') ?? '{}') as { id: string }).id });
    }
  };
}

/** Listens until the server ends the stream. An `EventSource` cannot send the header that the BFF asks for. */
export async function listen(onEvent: (event: NoteEvent) => void, signal: AbortSignal): Promise<void> {
  const response = await send('/api/v1/notes/events', { headers: { accept: 'text/event-stream' }, signal });
  const read = eventReader(onEvent);
  const text = new TextDecoder();
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) read(text.decode(part.value, { stream: true }));
}
