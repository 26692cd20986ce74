import { expect, test } from 'vitest';
import { ago } from './Ago';

const now = new Date('2026-03-10T12:00:00Z');

test.each([
  ['2026-03-10T12:00:20Z', 'just now'],
  ['2026-03-10T11:59:30Z', 'just now'],
  ['2026-03-10T11:58:10Z', '1 minute ago'],
  ['2026-03-10T09:30:00Z', '2 hours ago'],
  ['2026-03-09T11:00:00Z', 'yesterday'],
  ['2026-03-05T12:00:00Z', '5 days ago'],
  ['2026-01-02T12:00:00Z', 'Jan 2, 2026'],
])('%s reads %s', (at, words) => {
  expect(ago(new Date(at), now)).toBe(words);
});
