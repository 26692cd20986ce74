// Runs one scenario of the certified relying party openid-client against Lightning.Identity. The argument is JSON.
// A failed check throws, so that the exit code is not 0. ID tokens are verified with the provider's keys, which is
// optional for tokens from the token endpoint.
import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { Person } from './person.mjs';

const { scenario, issuer, email, password, clients, upstream } = JSON.parse(process.argv[2]);
const scope = 'openid profile email offline_access lightning';

async function connect({ id, secret }) {
  const config = await oidc.discovery(new URL(issuer), id, {}, secret ? oidc.ClientSecretPost(secret) : oidc.None(), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
  assert.equal(config.serverMetadata().issuer, issuer);
  return config;
}

/** Runs the authorization request and returns the address of the redirect to the client. */
async function authorize(config, { redirectUri }, person, { push = false } = {}) {
  const expected = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const request = {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(expected.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expected.expectedState,
    nonce: expected.expectedNonce,
  };
  const address = push
    ? await oidc.buildAuthorizationUrlWithPAR(config, request)
    : oidc.buildAuthorizationUrl(config, request);
  if (push) assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const callback = await person.signIn(address, redirectUri, email, password);
  return { callback, expected: { ...expected, idTokenExpected: true } };
}

async function signIn(config, client, person, options) {
  const { callback, expected } = await authorize(config, client, person, options);
  const tokens = await oidc.authorizationCodeGrant(config, callback, expected);
  assert.equal(tokens.token_type, 'bearer');
  assert.ok(tokens.expires_in > 0 && tokens.expires_in <= 300);
  assert.ok(tokens.refresh_token);
  return tokens;
}

const refused = (promise, error) =>
  assert.rejects(
    promise,
    (failure) => failure.error === error || failure.code === error,
    `should have been refused with ${error}`,
  );

const scenarios = {
  /** Code and PKCE, user information, refresh with rotation, and reuse of a refresh token. */
  async code() {
    const config = await connect(clients.confidential);
    const person = new Person();
    const tokens = await signIn(config, clients.confidential, person);
    const claims = tokens.claims();
    assert.ok(claims.sid && claims.auth_time);
    const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.deepEqual([info.sub, info.email, info.email_verified], [claims.sub, email, true]);

    const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(second.refresh_token, tokens.refresh_token);
    assert.equal(second.claims().sub, claims.sub);
    await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
    await refused(oidc.refreshTokenGrant(config, second.refresh_token), 'invalid_grant');
  },

  async pushed() {
    const config = await connect(clients.confidential);
    const tokens = await signIn(config, clients.confidential, new Person(), { push: true });
    assert.ok(tokens.claims().sub);
  },

  async native() {
    const config = await connect(clients.native);
    const tokens = await signIn(config, clients.native, new Person());
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  },

  /** The library rejects changed values, so its checks are active in the other scenarios. */
  async tampered() {
    const config = await connect(clients.confidential);
    const person = new Person();
    const first = await authorize(config, clients.confidential, person);
    await refused(
      oidc.authorizationCodeGrant(config, first.callback, { ...first.expected, expectedState: 'another' }),
      'OAUTH_INVALID_RESPONSE',
    );
    const issuerless = new URL(first.callback);
    issuerless.searchParams.delete('iss');
    await refused(oidc.authorizationCodeGrant(config, issuerless, first.expected), 'OAUTH_INVALID_RESPONSE');
    const second = await authorize(config, clients.confidential, person);
    await refused(
      oidc.authorizationCodeGrant(config, second.callback, { ...second.expected, expectedNonce: 'another' }),
      'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    );
    const third = await authorize(config, clients.confidential, person);
    await refused(
      oidc.authorizationCodeGrant(config, third.callback, {
        ...third.expected,
        pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
      }),
      'invalid_grant',
    );
  },

  async revocation() {
    const config = await connect(clients.confidential);
    const tokens = await signIn(config, clients.confidential, new Person());
    assert.equal((await oidc.tokenIntrospection(config, tokens.refresh_token)).active, true);
    const access = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual(
      [access.active, access.sub, access.client_id],
      [true, tokens.claims().sub, clients.confidential.id],
    );

    await oidc.tokenRevocation(config, tokens.refresh_token);

    assert.deepEqual(await oidc.tokenIntrospection(config, tokens.refresh_token), { active: false });
    assert.deepEqual(await oidc.tokenIntrospection(config, tokens.access_token), { active: false });
    await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
    await oidc.tokenRevocation(config, 'an unknown token');
  },

  async service() {
    const config = await connect(clients.service);
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'lightning' });
    assert.equal(tokens.refresh_token, undefined);
    const about = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.deepEqual([about.active, about.client_id, about.scope], [true, clients.service.id, 'lightning']);
    await refused(oidc.clientCredentialsGrant(config, { scope: 'openid' }), 'invalid_scope');
  },

  /** The app signs in at an upstream provider and exchanges that provider's ID token (RFC 8693). */
  async exchange() {
    const config = await connect(clients.native);
    const endpoint = config.serverMetadata().nonce_endpoint;
    const { nonce } = await (
      await fetch(endpoint, { method: 'POST', body: new URLSearchParams({ client_id: clients.native.id }) })
    ).json();

    const there = await oidc.discovery(new URL(upstream.issuer), upstream.id, {}, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    });
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const expectedState = oidc.randomState();
    const address = oidc.buildAuthorizationUrl(there, {
      redirect_uri: upstream.redirectUri,
      scope: 'openid email profile',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce,
    });
    const answer = await fetch(address, { redirect: 'manual' });
    const theirs = await oidc.authorizationCodeGrant(there, new URL(answer.headers.get('location')), {
      pkceCodeVerifier,
      expectedState,
      expectedNonce: nonce,
      idTokenExpected: true,
    });

    const exchange = () =>
      oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
        subject_token: theirs.id_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        scope,
      });
    const tokens = await exchange();
    assert.equal(tokens.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
    const info = await oidc.fetchUserInfo(config, tokens.access_token, oidc.skipSubjectCheck);
    assert.deepEqual([info.email, info.email_verified], ['newcomer@example.org', true]);
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
    await refused(exchange(), 'invalid_request');
  },

  /** RP-initiated logout with an ID token hint: no confirmation is shown, and all tokens become invalid. */
  async logout() {
    const config = await connect(clients.confidential);
    const person = new Person();
    const tokens = await signIn(config, clients.confidential, person);
    const state = oidc.randomState();
    const address = oidc.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: clients.confidential.signedOutUri,
      state,
    });
    const back = await person.followTo(address, clients.confidential.signedOutUri);
    assert.equal(back.searchParams.get('state'), state);
    await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
    await refused(
      oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub),
      'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
    );
  },
};

await scenarios[scenario]();
console.log(`${scenario}: passed`);
