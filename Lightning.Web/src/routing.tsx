import { useSyncExternalStore, type ComponentProps, type MouseEvent } from 'react';

import type { View } from './notes/notes';
// The one list of the app's paths: the BFF reads it too.
import patterns from './routes.json';

/** The route of the current URL. `slug` is the organization's; null in the personal space. */
export type Route =
  | { page: 'home' }
  | { page: 'devices' }
  | { page: 'organizations' }
  | { page: 'new-organization' }
  | { page: 'notes'; slug: string | null; view: View; selected: string | null }
  | { page: 'trash'; slug: string | null }
  | { page: 'members' | 'settings'; slug: string }
  | { page: 'unknown' };

export const newNote = 'new';

/** Whether a pattern of the list matches, with or without a slash at the end. The BFF answers other paths with 404. */
function isKnown(path: string): boolean {
  const segments = path.replace(/(.)\/$/, '$1').split('/');
  return patterns.some((pattern) => {
    const expected = pattern.split('/');
    return (
      expected.length === segments.length &&
      expected.every((part, n) => (part.startsWith('{') ? segments[n] !== '' : part === segments[n]))
    );
  });
}

export function parse(path: string): Route {
  if (!isKnown(path)) return { page: 'unknown' };
  const [, first = '', second = '', ...rest] = path.split('/');
  if (first === '') return { page: 'home' };
  if (first === 'devices') return { page: 'devices' };
  if (first === 'organizations') return { page: second === '' ? 'organizations' : 'new-organization' };
  const slug = first === 'o' ? second : null;
  const [name = '', id] = slug === null ? [first, second] : rest;
  if (slug !== null && (name === 'members' || name === 'settings')) return { page: name, slug };
  if (name === 'trash') return { page: 'trash', slug };
  return { page: 'notes', slug, view: name as View, selected: id || null };
}

const listeners = new Set<() => void>();
let navigations = 0;

/** Navigates within the app without reloading the page. */
export function navigate(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  navigations++;
  for (const listener of listeners) listener();
}

let leaving = false;

/** Leaves the app for a server-rendered page: sign-in or sign-out. */
export function leave(url: string): void {
  leaving = true;
  location.assign(url);
}

/** Whether the app itself is leaving the page, so that no unload warning is needed. */
export function isLeaving(): boolean {
  return leaving;
}

/** Whether the user has navigated within the app: only then may a page move the focus. */
export function hasMoved(): boolean {
  return navigations > 0;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function Link({ href, ...rest }: ComponentProps<'a'> & { href: string }) {
  function follow(event: MouseEvent) {
    // The browser handles clicks with a modifier key or another button, such as "open in new tab".
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    navigate(href);
  }
  return <a href={href} onClick={follow} {...rest} />;
}
