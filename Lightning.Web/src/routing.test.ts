import { expect, test } from 'vitest';
import { parse } from './routing';

test.each([
  ['/', { page: 'home' }],
  ['/notes', { page: 'notes', view: 'notes', selected: null }],
  ['/notes/', { page: 'notes', view: 'notes', selected: null }],
  ['/notes/new', { page: 'notes', view: 'notes', selected: 'new' }],
  ['/notes/0198c0de', { page: 'notes', view: 'notes', selected: '0198c0de' }],
  ['/shared', { page: 'notes', view: 'shared', selected: null }],
  ['/archive/0198c0de', { page: 'notes', view: 'archive', selected: '0198c0de' }],
  ['/notes/a/b', { page: 'unknown' }],
  ['/devices', { page: 'devices' }],
  ['/devices/x', { page: 'unknown' }],
  ['/notebook', { page: 'unknown' }],
])('%s leads to %o', (path, route) => {
  expect(parse(path)).toEqual(route);
});
