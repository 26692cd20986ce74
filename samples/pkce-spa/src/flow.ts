import * as oauth from 'oauth4webapi';

/** One run of the authorization code flow with PKCE at one provider. */
export interface Party {
  issuer: URL;
  clientId: string;
  redirectUri: string;
}

/** What must outlive the way to the provider and back: no token, and good for one answer. */
interface Transaction {
  state: string;
  nonce: string;
  verifier: string;
}

const known = new Map<string, Promise<oauth.AuthorizationServer>>();

/** Plain http is for providers on this machine only. */
export const transport = (url: URL) => ({ [oauth.allowInsecureRequests]: url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname) });

/** The provider's metadata; its `issuer` must be the one asked for, to the letter. */
export function discover(issuer: URL): Promise<oauth.AuthorizationServer> {
  let found = known.get(issuer.href);
  if (!found) {
    found = oauth.discoveryRequest(issuer, transport(issuer)).then((response) => oauth.processDiscoveryResponse(issuer, response));
    found.catch(() => known.delete(issuer.href));
    known.set(issuer.href, found);
  }
  return found;
}

/** Sends the browser to the provider. A nonce of one's own choice must be as hard to guess as the ones made here. */
export async function begin(party: Party, scope: string, nonce = oauth.generateRandomNonce()): Promise<void> {
  const server = await discover(party.issuer);
  const transaction: Transaction = { state: oauth.generateRandomState(), nonce, verifier: oauth.generateRandomCodeVerifier() };
  sessionStorage.setItem(party.redirectUri, JSON.stringify(transaction));
  const url = new URL(server.authorization_endpoint!);
  url.search = new URLSearchParams({
    client_id: party.clientId,
    redirect_uri: party.redirectUri,
    response_type: 'code',
    scope,
    state: transaction.state,
    nonce: transaction.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(transaction.verifier),
    code_challenge_method: 'S256',
  }).toString();
  location.assign(url);
}

/** Redeems the code that the browser came back with; undefined where it came from no provider. */
export async function finish(party: Party, here: URL): Promise<oauth.TokenEndpointResponse | undefined> {
  if (here.origin + here.pathname !== party.redirectUri) return undefined;
  const kept = sessionStorage.getItem(party.redirectUri);
  sessionStorage.removeItem(party.redirectUri);
  // The code leaves the address bar and the history before anything else happens.
  history.replaceState(null, '', '/');
  if (!kept) throw new Error('This sign-in is over: it was finished before, or began in another tab.');
  const transaction = JSON.parse(kept) as Transaction;

  const server = await discover(party.issuer);
  const client: oauth.Client = { client_id: party.clientId };
  const answer = oauth.validateAuthResponse(server, client, here, transaction.state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, party.redirectUri, transaction.verifier, transport(party.issuer));
  return oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: transaction.nonce, requireIdToken: true });
}
