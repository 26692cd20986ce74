import { createContext, use } from 'react';
import { call } from '../http';
import type { Drafts } from '../notes/drafts';
import { leave } from '../routing';

export interface User {
  id: string;
  name: string;
  email: string;
  isAdmin: boolean;
  session: { id: string; createdAt: string; endsAt: string; idleEndsAt: string; authTime: string };
  /** The administrator who is impersonating this user (RFC 8693, 4.1); null without impersonation. */
  act: { sub: string; name: string; mayWrite: boolean } | null;
}

/** False during an impersonation that may only read. */
export const mayWrite = ({ act }: User) => act === null || act.mayWrite;

export async function getUser(options: { slide?: boolean; signal?: AbortSignal } = {}): Promise<User> {
  const { body } = await call<User>(options.slide === false ? '/bff/user?slide=false' : '/bff/user', {
    signal: options.signal,
  });
  return body;
}

export function signIn(returnUrl: string, prompt?: 'create' | 'login'): void {
  leave(`/bff/login?${new URLSearchParams({ returnUrl, ...(prompt && { prompt }) })}`);
}

/** Ends the session on the server. Returns the URL of the provider's sign-out. */
export async function signOut(): Promise<string> {
  const { body } = await call<{ redirect: string }>('/bff/logout', { method: 'POST' });
  const target = new URL(body.redirect, location.origin);
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    throw new Error(`Sign-out returned a ${target.protocol} URL.`);
  return target.href;
}

/** How a session ended: `signed-out` if the user signed out in another tab. */
export type SessionEnd = 'ended' | 'signed-out';

/** The session of the signed-in user, with their unsaved text. `ended` is null while the session is active. */
export interface SignedIn {
  user: User;
  ended: SessionEnd | null;
  drafts: Drafts;
}

export const Session = createContext<SignedIn | null>(null);

export function useSession(): SignedIn {
  const session = use(Session);
  if (!session) throw new Error('useSession must be used within a Session provider.');
  return session;
}
