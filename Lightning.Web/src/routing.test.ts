import { expect, test } from 'vitest';
import patterns from './routes.json';
import { parse } from './routing';

test.each([
  ['/', { page: 'home' }],
  ['/notes', { page: 'notes', slug: null, view: 'notes', selected: null }],
  ['/notes/', { page: 'notes', slug: null, view: 'notes', selected: null }],
  ['/notes/new', { page: 'notes', slug: null, view: 'notes', selected: 'new' }],
  ['/notes/0198c0de', { page: 'notes', slug: null, view: 'notes', selected: '0198c0de' }],
  ['/shared', { page: 'notes', slug: null, view: 'shared', selected: null }],
  ['/archive/0198c0de', { page: 'notes', slug: null, view: 'archive', selected: '0198c0de' }],
  ['/notes/a/b', { page: 'unknown' }],
  ['/trash', { page: 'trash', slug: null }],
  ['/o/acme/notes', { page: 'notes', slug: 'acme', view: 'notes', selected: null }],
  ['/o/acme/notes/0198c0de', { page: 'notes', slug: 'acme', view: 'notes', selected: '0198c0de' }],
  ['/o/acme/archive/0198c0de', { page: 'notes', slug: 'acme', view: 'archive', selected: '0198c0de' }],
  ['/o/acme/shared', { page: 'unknown' }],
  ['/o/acme/trash', { page: 'trash', slug: 'acme' }],
  ['/o/acme/members', { page: 'members', slug: 'acme' }],
  ['/o/acme/settings/', { page: 'settings', slug: 'acme' }],
  ['/o/acme', { page: 'unknown' }],
  ['/o//notes', { page: 'unknown' }],
  ['/organizations', { page: 'organizations' }],
  ['/organizations/new', { page: 'new-organization' }],
  ['/organizations/acme', { page: 'unknown' }],
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

const paths: Record<string, string> = { home: '/', 'new-organization': '/organizations/new' };

test.each(patterns)('Listed_path_%s_has_a_page_of_its_own', (pattern) => {
  const route = parse(pattern.replace('{id}', 'n1').replace('{slug}', 'acme'));
  expect(route.page).not.toBe('unknown');
  if ('slug' in route) expect(route.slug).toBe(pattern.includes('{slug}') ? 'acme' : null);
  if (route.page === 'notes') {
    expect(['notes', 'shared', 'archive']).toContain(route.view);
    expect(route.selected).toBe(pattern.includes('{id}') ? 'n1' : null);
  } else expect(pattern.replace('/o/{slug}', '')).toBe(paths[route.page] ?? `/${route.page}`);
});
