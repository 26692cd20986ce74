// The certified provider oidc-provider instead of Lightning.Identity: JWT access tokens for the audience lightning-api,
// back-channel logout, and its development pages. The argument is JSON with the settings of the run.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { port, clients, accessTokenSeconds, sidInAccessTokens } = JSON.parse(process.argv[2]);

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const provider = new Provider(`http://localhost:${port}`, {
  clients: clients.map(({ id, secret, base, prefix }) => ({
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${base}${prefix}/signin-oidc`],
    post_logout_redirect_uris: [`${base}${prefix}/signout-callback-oidc`],
    backchannel_logout_uri: `${base}${prefix}/backchannel`,
    backchannel_logout_session_required: true,
    require_auth_time: true,
    id_token_signed_response_alg: 'ES256',
  })),
  jwks: { keys: [{ ...key, kid: 'interoperability', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: ['a secret of a test'] },
  scopes: ['openid', 'profile', 'email', 'offline_access', 'lightning'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  // Access tokens are for the API only, so the user's claims are in the ID token.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `The person ${id}`, email: `${id}@example.com`, email_verified: true }),
  }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  extraTokenClaims: (ctx) =>
    sidInAccessTokens
      ? { sid: (ctx.oidc.entities.RefreshToken ?? ctx.oidc.entities.AuthorizationCode).sid }
      : undefined,
  // By default it does not call local addresses, where all relying parties run in this test.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  features: {
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'lightning',
        audience: 'lightning-api',
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenSeconds,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

provider.on('grant.success', (ctx) => console.log(`granted ${ctx.oidc.params.grant_type}`));
provider.on('grant.error', (_, error) => console.log(`refused a grant: ${error.error_description}`));
provider.on('backchannel.success', (_, client) => console.log(`told ${client.clientId}`));
provider.on('backchannel.error', (_, error, client) =>
  console.log(`could not tell ${client.clientId}: ${error.message}`),
);
provider.on('server_error', (_, error) => console.error(error));
provider.listen(port, '127.0.0.1', () => console.log('listening'));
