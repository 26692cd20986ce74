import { expect, test } from 'vitest';
import { parse } from './routing';

test.each([
  ['/', { page: 'home' }],
  ['/notes', { page: 'notes', selected: null }],
  ['/notes/', { page: 'notes', selected: null }],
  ['/notes/new', { page: 'notes', selected: 'new' }],
  ['/notes/0198c0de', { page: 'notes', selected: '0198c0de' }],
  ['/notes/a/b', { page: 'unknown' }],
  ['/devices', { page: 'devices' }],
  ['/devices/x', { page: 'unknown' }],
  ['/notebook', { page: 'unknown' }],
])('%s leads to %o', (path, route) => {
  expect(parse(path)).toEqual(route);
});
