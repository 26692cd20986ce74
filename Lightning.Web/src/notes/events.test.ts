import { afterEach, expect, test, vi } from 'vitest';
import { eventReader, listen, type NoteEvent } from './events';

const stream =
  'event: anything\ndata: {"id":null}\n\nevent: changed\ndata: {"id":"a","etag":"\\"1\\""}\n\n' +
  ': a comment\n\nevent: beat\ndata: {}\n\nevent: gone\r\ndata: {"id":"b"}\r\n\r\n';

test.each([1, 2, 7, 1000])('Events_in_chunks_of_%i_are_parsed', (size) => {
  const events: NoteEvent[] = [];
  const read = eventReader((event) => events.push(event));
  for (let at = 0; at < stream.length; at += size) read(stream.slice(at, at + size));
  expect(events).toEqual([{ kind: 'anything' }, { kind: 'changed', id: 'a' }, { kind: 'gone', id: 'b' }]);
});

afterEach(() => vi.useRealTimers());

test('Listen_gives_up_a_connection_without_heartbeats', async () => {
  vi.useFakeTimers();
  let server: ReadableStreamDefaultController<Uint8Array> | undefined;
  vi.stubGlobal('fetch', () =>
    Promise.resolve(
      new Response(new ReadableStream<Uint8Array>({ start: (controller) => void (server = controller) })),
    ),
  );
  let isOver = false;
  void listen(() => {}, new AbortController().signal).then(() => (isOver = true));

  for (let beat = 0; beat < 10; beat++) {
    await vi.advanceTimersByTimeAsync(15_000);
    server?.enqueue(new TextEncoder().encode('event: beat\ndata: {}\n\n'));
  }
  await vi.advanceTimersByTimeAsync(44_000);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(isOver).toBe(true);
});

test.each([401, 429, 502])('Listen_ends_when_the_server_answers_%i', async (status) => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(null, { status })));
  await listen(() => expect.unreachable(), new AbortController().signal);
});
