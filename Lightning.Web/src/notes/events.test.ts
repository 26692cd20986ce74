import { expect, test } from 'vitest';
import { eventReader, type NoteEvent } from './events';

const stream = 'event: anything\ndata: {"id":null}\n\nevent: changed\ndata: {"id":"a","etag":"\\"1\\""}\n\n: a comment\n\nevent: beat\ndata: {}\n\nevent: gone\r\ndata: {"id":"b"}\r\n\r\n';

test.each([1, 2, 7, 1000])('Events_InPiecesOf%i_AreReadWhole', (size) => {
  const heard: NoteEvent[] = [];
  const read = eventReader((event) => heard.push(event));
  for (let at = 0; at < stream.length; at += size) read(stream.slice(at, at + size));
  expect(heard).toEqual([{ kind: 'anything' }, { kind: 'changed', id: 'a' }, { kind: 'gone', id: 'b' }]);
});
