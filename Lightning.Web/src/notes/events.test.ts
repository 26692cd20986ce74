import { expect, test } from 'vitest';
import { eventReader, type NoteEvent } from './events';

const stream =
  'event: anything\ndata: {"id":null}\n\nevent: changed\ndata: {"id":"a","etag":"\\"1\\""}\n\n' +
  ': a comment\n\nevent: beat\ndata: {}\n\nevent: gone\r\ndata: {"id":"b"}\r\n\r\n';

test.each([1, 2, 7, 1000])('Events_in_chunks_of_%i_are_parsed', (size) => {
  const events: NoteEvent[] = [];
  const read = eventReader((event) => events.push(event));
  for (let at = 0; at < stream.length; at += size) read(stream.slice(at, at + size));
  expect(events).toEqual([{ kind: 'anything' }, { kind: 'changed', id: 'a' }, { kind: 'gone', id: 'b' }]);
});
