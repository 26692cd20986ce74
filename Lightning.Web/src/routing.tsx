import { useSyncExternalStore, type ComponentProps, type MouseEvent } from 'react';

import type { View } from './notes/notes';

/** Where the address bar points. Six places do not earn a routing library. */
export type Route = { page: 'home' } | { page: 'devices' } | { page: 'notes'; view: View; selected: string | null } | { page: 'unknown' };

export const newNote = 'new';

export function parse(path: string): Route {
  if (path === '/') return { page: 'home' };
  if (/^\/devices\/?$/.test(path)) return { page: 'devices' };
  const notes = /^\/(notes|shared|archive)(?:\/([^/]+))?\/?$/.exec(path);
  return notes ? { page: 'notes', view: notes[1] as View, selected: notes[2] ?? null } : { page: 'unknown' };
}

const listeners = new Set<() => void>();
let moves = 0;

/** Goes to a path of this app without loading the page again. */
export function navigate(path: string, { replace = false } = {}): void {
  if (path === location.pathname) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  moves++;
  for (const listener of listeners) listener();
}

let leaving = false;

/** Leaves the app for a page that a server renders: sign-in, or where sign-out leads. */
export function leave(url: string): void {
  leaving = true;
  location.assign(url);
}

/** True while the app itself sends the person away, having said what becomes of their text. */
export function isLeaving(): boolean {
  return leaving;
}

/** True once the person has moved within the app: only then may a page take the focus for itself. */
export function hasMoved(): boolean {
  return moves > 0;
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
    // A click with a modifier, or with another button, means "in a new tab" and is the browser's to answer.
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  }
  return <a href={href} onClick={follow} {...rest} />;
}
