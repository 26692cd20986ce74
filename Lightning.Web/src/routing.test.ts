import { expect, test } from 'vitest';
import patterns from './routes.json';
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
  ['/trash', { page: 'trash' }],
  ['/trash/0198c0de', { page: 'unknown' }],
  ['/devices', { page: 'devices' }],
  ['/devices/x', { page: 'unknown' }],
  ['/notebook', { page: 'unknown' }],
  ['/Notes', { page: 'unknown' }],
  ['/notes//', { page: 'unknown' }],
  ['', { page: 'unknown' }],
])('%s leads to %o', (path, route) => {
  expect(parse(path)).toEqual(route);
});

test.each(patterns)('Listed_path_%s_has_a_page_of_its_own', (pattern) => {
  const route = parse(pattern.replace('{id}', 'n1'));
  expect(route.page).not.toBe('unknown');
  if (route.page === 'notes') {
    expect(['notes', 'shared', 'archive']).toContain(route.view);
    expect(route.selected).toBe(pattern.includes('{id}') ? 'n1' : null);
  } else expect(`/${route.page === 'home' ? '' : route.page}`).toBe(pattern);
});
