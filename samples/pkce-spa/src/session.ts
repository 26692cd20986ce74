import * as oauth from 'oauth4webapi';
import { begin, discover, finish, transport } from './flow';
import { settings } from './settings';

const party = { issuer: settings.issuer, clientId: settings.clientId, redirectUri: settings.redirectUri };
const client: oauth.Client = { client_id: settings.clientId };
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Tokens: in this variable and nowhere else, so that a reload forgets them and no other script finds them in a store. */
let tokens: { access: string; endsAt: number; refresh: string | undefined; id: string | undefined; name: string; generation: number } | undefined;
let refreshing: Promise<void> | undefined;

export const session = {
  get isSignedIn() {
    return tokens !== undefined;
  },
  get name() {
    return tokens?.name ?? '';
  },
  get endsAt() {
    return new Date(tokens?.endsAt ?? 0);
  },
  get generation() {
    return tokens?.generation ?? 0;
  },
};

export const signIn = () => begin(party, settings.scope);

/** Signs in at the upstream provider itself, with a nonce that Lightning gave this client: it proves that the ID token was made for this sign-in. */
export async function signInUpstream(): Promise<void> {
  const server = await discover(settings.issuer);
  const response = await fetch(server.nonce_endpoint as string, { method: 'POST', body: new URLSearchParams({ client_id: settings.clientId }) });
  if (!response.ok) throw new Error('Lightning gives this client no nonce: it may not exchange tokens.');
  const { nonce } = (await response.json()) as { nonce: string };
  await begin(settings.upstream!, 'openid profile email', nonce);
}

/** Goes on where a provider sent the browser back. */
export async function resume(here: URL): Promise<void> {
  const answer = await finish(party, here);
  if (answer) keep(answer);
  const upstream = settings.upstream && (await finish(settings.upstream, here));
  if (upstream) await exchange(upstream.id_token!);
}

/** RFC 8693. */
async function exchange(idToken: string): Promise<void> {
  const server = await discover(settings.issuer);
  const response = await oauth.genericTokenEndpointRequest(server, client, oauth.None(), tokenExchange,
    { subject_token: idToken, subject_token_type: idTokenType, scope: settings.scope }, transport(settings.issuer));
  keep(await oauth.processGenericTokenEndpointResponse(server, client, response));
}

/** One at a time: a refresh token is good once, and a second use of it ends the session (RFC 9700, 4.14.2). */
export function refresh(): Promise<void> {
  refreshing ??= rotate().finally(() => (refreshing = undefined));
  return refreshing;
}

async function rotate(): Promise<void> {
  if (!tokens?.refresh) throw new Error('There is no refresh token.');
  const server = await discover(settings.issuer);
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh, transport(settings.issuer));
  try {
    keep(await oauth.processRefreshTokenResponse(server, client, response));
  } catch (fault) {
    // The session was ended elsewhere: there is nothing left to keep. Any other fault may pass.
    if (fault instanceof oauth.ResponseBodyError && fault.error === 'invalid_grant') tokens = undefined;
    throw fault;
  }
}

/** Calls the API; refreshes shortly before the access token ends. */
export async function call(path: string, method = 'GET', body?: unknown): Promise<Response> {
  if (tokens && tokens.endsAt - Date.now() < 30_000) await refresh();
  const headers: Record<string, string> = { Authorization: `Bearer ${tokens?.access ?? ''}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(new URL(path, settings.api), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  if (response.status === 401) tokens = undefined;
  return response;
}

/** Forgets the tokens, has them revoked where that is offered (RFC 7009), and ends the session at the provider (RP-Initiated Logout 1.0). */
export async function signOut(): Promise<void> {
  const last = tokens;
  tokens = undefined;
  if (!last) return;
  const server = await discover(settings.issuer);
  if (server.revocation_endpoint && last.refresh)
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, oauth.None(), last.refresh, transport(settings.issuer)));
  const url = new URL(server.end_session_endpoint!);
  url.search = new URLSearchParams({ client_id: settings.clientId, post_logout_redirect_uri: settings.afterSignOut, ...(last.id ? { id_token_hint: last.id } : {}) }).toString();
  location.assign(url);
}

function keep(answer: oauth.TokenEndpointResponse): void {
  tokens = {
    access: answer.access_token,
    endsAt: Date.now() + (answer.expires_in ?? 60) * 1000,
    refresh: answer.refresh_token,
    id: answer.id_token ?? tokens?.id,
    name: (oauth.getValidatedIdTokenClaims(answer)?.name as string | undefined) ?? tokens?.name ?? '',
    generation: (tokens?.generation ?? 0) + 1,
  };
}
