import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeLocks } from '../testing/FakeLocks';
import { share, type Page } from './sharedStream';

/** A tab whose stream the test feeds and ends. */
class Tab extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  readonly received: string[] = [];
  missed = 0;
  ended = 0;
  isOpen = false;
  send: (event: string) => void = () => {};
  endStream: () => void = () => {};
  close: () => void = () => {};

  start(visible = true): this {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.close = share<string>(
      {
        name: 'events',
        open: (onEvent, signal) =>
          new Promise((resolve) => {
            this.isOpen = true;
            this.send = onEvent;
            onEvent('connected');
            this.endStream = () => {
              this.isOpen = false;
              resolve();
            };
            signal.addEventListener('abort', this.endStream);
          }),
        onEvent: (event) => this.received.push(event),
        onEnd: () => Promise.resolve(void this.ended++),
        onMissed: () => this.missed++,
      },
      this as unknown as Page,
    );
    return this;
  }

  show(visible: boolean): void {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** Generous for slow machines; passing tests do not wait for it. */
const waitFor = (check: () => void) => vi.waitFor(check, { timeout: 5000 });

let locks: FakeLocks;
let tabs: Tab[];

function open(count: number): Tab[] {
  tabs = Array.from({ length: count }, () => new Tab().start());
  return tabs;
}

const leaders = () => tabs.filter((tab) => tab.isOpen);

/** The one tab with a stream. */
async function leader(): Promise<Tab> {
  await waitFor(() => expect(leaders()).toHaveLength(1));
  return leaders()[0] as Tab;
}

const others = (one: Tab) => tabs.filter((tab) => tab !== one);
const allReceive = (event: string, which = tabs) =>
  waitFor(() => expect(which.map((tab) => tab.received.at(-1))).toEqual(which.map(() => event)));

beforeEach(() => {
  locks = new FakeLocks();
  Object.defineProperty(navigator, 'locks', { configurable: true, value: locks });
});

afterEach(() => {
  for (const tab of tabs) tab.close();
  Reflect.deleteProperty(navigator, 'locks');
  vi.useRealTimers();
});

test('Fourteen_tabs_share_one_stream_and_all_receive_its_events', async () => {
  open(14);

  const first = await leader();
  first.send('changed');

  await allReceive('changed');
  expect(tabs.map((tab) => tab.received.filter((event) => event === 'changed'))).toEqual(tabs.map(() => ['changed']));
  expect(leaders()).toHaveLength(1);
});

test.each(['close', 'hide', 'crash'] as const)(
  'Leader_that_may_%s_hands_over_and_the_others_reconcile',
  async (how) => {
    open(3);
    const first = await leader();
    await allReceive('connected');

    for (const tab of tabs) tab.received.length = 0;
    if (how === 'close') first.close();
    else if (how === 'hide') first.show(false);
    else {
      // A crashed tab sends nothing any more; its lock is released by the browser.
      first.isOpen = false;
      locks.release('events');
    }

    const second = await leader();
    expect(second).not.toBe(first);
    await allReceive('connected', others(first));
    second.send('changed');
    await allReceive('changed', others(first));
  },
);

test('Hidden_tabs_hold_no_stream_and_ignore_events', async () => {
  open(2);
  const first = await leader();
  const [second] = others(first) as [Tab];
  await allReceive('connected');

  second.show(false);
  first.send('changed');
  await allReceive('changed', [first]);
  // A message that arrives later proves that the hidden tab has had the chance to receive the first.
  const probe = new BroadcastChannel('events');
  const probed = new Promise((resolve) => probe.addEventListener('message', resolve, { once: true }));
  first.send('again');
  await probed;
  probe.close();
  expect(second.received).toEqual(['connected']);

  first.show(false);
  await waitFor(() => expect(leaders()).toEqual([]));
});

test('Tab_that_becomes_visible_catches_up_without_a_second_stream', async () => {
  open(2);
  const first = await leader();
  const [second] = others(first) as [Tab];

  second.show(false);
  second.show(true);

  await waitFor(() => expect(second.missed).toBe(1));
  expect(leaders()).toEqual([first]);
  expect(first.missed).toBe(0);
});

test('Tab_opened_in_the_background_catches_up_when_it_becomes_visible', async () => {
  const [first] = open(1) as [Tab];
  await leader();
  const second = new Tab().start(false);
  tabs.push(second);

  second.show(true);

  await waitFor(() => expect(second.missed).toBe(1));
  expect(leaders()).toEqual([first]);
});

test('Only_visible_tab_gets_the_stream_back', async () => {
  const [only] = open(1) as [Tab];
  await leader();

  only.show(false);
  await waitFor(() => expect(only.isOpen).toBe(false));
  only.show(true);

  await leader();
  await waitFor(() => expect(only.received).toEqual(['connected', 'connected']));
});

test('Ended_stream_is_reported_once_and_opened_again_by_the_same_tab', async () => {
  open(3);
  const first = await leader();
  await allReceive('connected');
  vi.useFakeTimers();

  for (const tab of tabs) tab.received.length = 0;
  first.endStream();
  await vi.advanceTimersByTimeAsync(100);
  expect(tabs.map((tab) => tab.ended)).toEqual(tabs.map((tab) => Number(tab === first)));
  expect(leaders()).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);

  expect(leaders()).toEqual([first]);
  vi.useRealTimers();
  await allReceive('connected');
});

test('Stream_that_cannot_be_opened_is_retried_less_and_less_often', async () => {
  vi.useFakeTimers();
  let attempts = 0;
  tabs = [];
  const close = share<string>({
    name: 'events',
    open: () => Promise.resolve(void attempts++),
    onEvent: () => {},
    onEnd: () => Promise.resolve(),
    onMissed: () => {},
  });

  await vi.advanceTimersByTimeAsync(60_000);
  const inFirstMinute = attempts;
  await vi.advanceTimersByTimeAsync(600_000);
  close();

  expect(inFirstMinute).toBeGreaterThan(3);
  expect(inFirstMinute).toBeLessThan(12);
  // Between 15 and 30 seconds each.
  expect(attempts - inFirstMinute).toBeLessThanOrEqual(42);
  expect(attempts - inFirstMinute).toBeGreaterThanOrEqual(18);
});

test.each(['Web_Locks', 'BroadcastChannel'])('Without_%s_each_visible_tab_has_its_own_stream', async (missing) => {
  const channel = globalThis.BroadcastChannel;
  if (missing === 'Web_Locks') Reflect.deleteProperty(navigator, 'locks');
  else Reflect.deleteProperty(globalThis, 'BroadcastChannel');
  try {
    open(3);
  } finally {
    globalThis.BroadcastChannel = channel;
  }

  expect(leaders()).toHaveLength(3);
  tabs[0]?.show(false);
  await waitFor(() => expect(leaders()).toHaveLength(2));
  tabs[0]?.show(true);
  await waitFor(() => expect(leaders()).toHaveLength(3));
});
