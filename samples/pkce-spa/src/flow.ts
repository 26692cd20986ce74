import * as oauth from 'oauth4webapi';

/** A client registration at a provider. */
export interface Registration {
  issuer: URL;
  clientId: string;
  redirectUri: string;
}

/** State that is kept during the redirect to the provider. Used once; contains no token. */
interface Transaction {
  state: string;
  nonce: string;
  verifier: string;
}

const metadata = new Map<string, Promise<oauth.AuthorizationServer>>();

/** Allows plain HTTP only for providers on this machine. */
export const transport = (url: URL) => ({
  [oauth.allowInsecureRequests]: url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname),
});

/** Loads the provider's metadata and checks that its `issuer` matches exactly. */
export function discover(issuer: URL): Promise<oauth.AuthorizationServer> {
  let found = metadata.get(issuer.href);
  if (!found) {
    found = oauth
      .discoveryRequest(issuer, transport(issuer))
      .then((response) => oauth.processDiscoveryResponse(issuer, response));
    found.catch(() => metadata.delete(issuer.href));
    metadata.set(issuer.href, found);
  }
  return found;
}

/** Redirects to the provider. A custom nonce must be unguessable. */
export async function begin(
  registration: Registration,
  scope: string,
  nonce = oauth.generateRandomNonce(),
): Promise<void> {
  const server = await discover(registration.issuer);
  const transaction: Transaction = {
    state: oauth.generateRandomState(),
    nonce,
    verifier: oauth.generateRandomCodeVerifier(),
  };
  sessionStorage.setItem(registration.redirectUri, JSON.stringify(transaction));
  const url = new URL(server.authorization_endpoint!);
  url.search = new URLSearchParams({
    client_id: registration.clientId,
    redirect_uri: registration.redirectUri,
    response_type: 'code',
    scope,
    state: transaction.state,
    nonce: transaction.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(transaction.verifier),
    code_challenge_method: 'S256',
  }).toString();
  location.assign(url);
}

/** Redeems the code in the URL. Returns undefined if the URL is not the redirect URI. */
export async function finish(registration: Registration, here: URL): Promise<oauth.TokenEndpointResponse | undefined> {
  if (here.origin + here.pathname !== registration.redirectUri) return undefined;
  const stored = sessionStorage.getItem(registration.redirectUri);
  sessionStorage.removeItem(registration.redirectUri);
  // Remove the code from the address bar and the history first.
  history.replaceState(null, '', '/');
  if (!stored) throw new Error('This sign-in was already completed, or was started in another tab.');
  const transaction = JSON.parse(stored) as Transaction;

  const server = await discover(registration.issuer);
  const client: oauth.Client = { client_id: registration.clientId };
  const parameters = oauth.validateAuthResponse(server, client, here, transaction.state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    registration.redirectUri,
    transaction.verifier,
    transport(registration.issuer),
  );
  return oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: transaction.nonce,
    requireIdToken: true,
  });
}
