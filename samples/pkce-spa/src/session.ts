import * as oauth from 'oauth4webapi';
import { begin, discover, finish, transport } from './flow';
import { settings } from './settings';

const registration = { issuer: settings.issuer, clientId: settings.clientId, redirectUri: settings.redirectUri };
const client: oauth.Client = { client_id: settings.clientId };
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The tokens. Only kept in this variable, so that no other script can read them from a store. */
let tokens:
  | {
      access: string;
      endsAt: number;
      refresh: string | undefined;
      id: string | undefined;
      name: string;
      refreshCount: number;
    }
  | undefined;
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
  get refreshCount() {
    return tokens?.refreshCount ?? 0;
  },
};

export const signIn = () => begin(registration, settings.scope);

/**
 * Signs in at the upstream provider with a nonce from Lightning, which proves that the ID token was issued for this
 * sign-in.
 */
export async function signInUpstream(): Promise<void> {
  const server = await discover(settings.issuer);
  const response = await fetch(server.nonce_endpoint as string, {
    method: 'POST',
    body: new URLSearchParams({ client_id: settings.clientId }),
  });
  if (!response.ok) throw new Error('Lightning issued no nonce: this client is not allowed to exchange tokens.');
  const { nonce } = (await response.json()) as { nonce: string };
  await begin(settings.upstream!, 'openid profile email', nonce);
}

/** Completes a sign-in after the redirect from a provider. */
export async function resume(here: URL): Promise<void> {
  const response = await finish(registration, here);
  if (response) store(response);
  const upstream = settings.upstream && (await finish(settings.upstream, here));
  if (upstream) await exchange(upstream.id_token!);
}

/** Exchanges an ID token for tokens of Lightning (RFC 8693). */
async function exchange(idToken: string): Promise<void> {
  const server = await discover(settings.issuer);
  const response = await oauth.genericTokenEndpointRequest(
    server,
    client,
    oauth.None(),
    tokenExchange,
    { subject_token: idToken, subject_token_type: idTokenType, scope: settings.scope },
    transport(settings.issuer),
  );
  store(await oauth.processGenericTokenEndpointResponse(server, client, response));
}

/** Refreshes the tokens, once at a time: reuse of a refresh token ends the session (RFC 9700, 4.14.2). */
export function refresh(): Promise<void> {
  refreshing ??= rotate().finally(() => (refreshing = undefined));
  return refreshing;
}

async function rotate(): Promise<void> {
  if (!tokens?.refresh) throw new Error('There is no refresh token.');
  const server = await discover(settings.issuer);
  const response = await oauth.refreshTokenGrantRequest(
    server,
    client,
    oauth.None(),
    tokens.refresh,
    transport(settings.issuer),
  );
  try {
    store(await oauth.processRefreshTokenResponse(server, client, response));
  } catch (error) {
    // The session was ended. Other errors may be temporary.
    if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') tokens = undefined;
    throw error;
  }
}

/** Calls the API. Refreshes shortly before the access token expires. */
export async function call(path: string, method = 'GET', body?: unknown): Promise<Response> {
  if (tokens && tokens.endsAt - Date.now() < 30_000) await refresh();
  const headers: Record<string, string> = { Authorization: `Bearer ${tokens?.access ?? ''}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await fetch(new URL(path, settings.api), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status === 401) tokens = undefined;
  return response;
}

/** Discards and revokes the tokens (RFC 7009) and ends the session at the provider (RP-Initiated Logout 1.0). */
export async function signOut(): Promise<void> {
  const last = tokens;
  tokens = undefined;
  if (!last) return;
  const server = await discover(settings.issuer);
  if (server.revocation_endpoint && last.refresh)
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, oauth.None(), last.refresh, transport(settings.issuer)),
    );
  const url = new URL(server.end_session_endpoint!);
  url.search = new URLSearchParams({
    client_id: settings.clientId,
    post_logout_redirect_uri: settings.afterSignOut,
    ...(last.id ? { id_token_hint: last.id } : {}),
  }).toString();
  location.assign(url);
}

function store(response: oauth.TokenEndpointResponse): void {
  tokens = {
    access: response.access_token,
    endsAt: Date.now() + (response.expires_in ?? 60) * 1000,
    refresh: response.refresh_token,
    id: response.id_token ?? tokens?.id,
    name: (oauth.getValidatedIdTokenClaims(response)?.name as string | undefined) ?? tokens?.name ?? '',
    refreshCount: tokens ? tokens.refreshCount + 1 : 0,
  };
}
