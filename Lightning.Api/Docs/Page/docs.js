// Scalar options that are only known in the browser, mainly sign-in by authorization code + PKCE as a public client.
// Tokens are kept in memory only.
document.documentElement.lang = 'en';
const meta = name => document.querySelector(`meta[name=${name}]`).content;
const redirectUri = new URL('callback.html', location.href).href;
const metadataAddress = `${meta('authority')}/.well-known/openid-configuration`;

const read = async url => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} returned ${response.status}`);
  return response.json();
};

const session = provider => ({
  type: 'oauth2',
  flows: {
    authorizationCode: {
      authorizationUrl: provider.authorization_endpoint,
      tokenUrl: provider.token_endpoint,
      // Required by Scalar's schema: without it, the x-scalar-* properties are dropped.
      refreshUrl: '',
      'x-scalar-client-id': meta('client-id'),
      'x-scalar-redirect-uri': redirectUri,
      'x-usePkce': 'SHA-256',
      scopes: { openid: 'Who you are', lightning: 'Your notes and account' },
      selectedScopes: ['openid', 'lightning'],
    },
  },
});

/**
 * A stand-in for the sign-in window, which Scalar polls. Cross-Origin-Opener-Policy separates the two windows, so
 * callback.html sends the response through a BroadcastChannel.
 */
class SignInWindow {
  closed = false;
  location = { href: 'about:blank' };
  #channel = new BroadcastChannel('lightning-docs');

  constructor(state, provider) {
    this.#channel.onmessage = ({ data }) => {
      const response = new URLSearchParams(data);
      // The response belongs to another tab.
      if (response.get('state') !== state) return;
      // RFC 9207, 2.4: send a code only to the provider that issued it.
      if (provider.authorization_response_iss_parameter_supported && response.get('iss') !== provider.issuer) {
        response.delete('code');
        response.set('error', 'The response came from another provider.');
      }
      this.location.href = `${redirectUri}?${response}`;
    };
    // The closed state is not visible either; the focus event tells that the user is back. A response may still arrive.
    addEventListener('focus', () => setTimeout(() => (this.closed = true), 1000), { once: true });
  }

  close() {
    this.#channel.close();
  }
}

const replaceSignInWindow = provider => {
  const open = window.open.bind(window);
  window.open = (url, target, features) => {
    const opened = open(url, target, features);
    if (!opened || target !== 'openAuth2Window') return opened;
    return new SignInWindow(new URL(url).searchParams.get('state'), provider);
  };
};

let scheme;
try {
  const provider = await read(metadataAddress);
  replaceSignInWindow(provider);
  scheme = session(provider);
} catch (ex) {
  console.error(ex);
  scheme = { description: `Sign-in is not available. Reload this page once ${metadataAddress} can be read.` };
}

export default {
  // The document has no server URL: the API has the origin of this page.
  servers: [{ url: location.origin }],
  authentication: { preferredSecurityScheme: 'session', securitySchemes: { session: scheme } },
};
