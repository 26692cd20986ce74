/** The settings, from environment variables at build time. */
export const settings = {
  issuer: new URL(import.meta.env.VITE_ISSUER as string),
  clientId: import.meta.env.VITE_CLIENT_ID as string,
  api: new URL(import.meta.env.VITE_API as string),
  scope: 'openid profile email offline_access lightning',
  redirectUri: new URL('/callback', location.origin).href,
  afterSignOut: new URL('/', location.origin).href,
  upstream: upstream(),
};

function upstream() {
  const issuer = import.meta.env.VITE_UPSTREAM as string | undefined;
  if (!issuer) return undefined;
  return {
    issuer: new URL(issuer),
    clientId: import.meta.env.VITE_UPSTREAM_CLIENT_ID as string,
    title: (import.meta.env.VITE_UPSTREAM_TITLE as string) || new URL(issuer).host,
    // A separate redirect URI per provider prevents mix-up attacks (RFC 9700, 4.4.2).
    redirectUri: new URL('/upstream-callback', location.origin).href,
  };
}
