// The API's document, and signing in to try it: code + PKCE as a public client. Tokens are in this page's memory, and go with it.
const read = async url => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
};

const { clientId } = await read('settings.json');
const spec = await read('/openapi/v1.json');
const scheme = spec.components.securitySchemes.session;
// Where the document does not say where the API is, it is where it came from.
if (!spec.servers?.length) spec.servers = [{ url: location.origin }];
let provider = null;
try {
  provider = await read(scheme.openIdConnectUrl);
  // The one flow of all that the provider has which a page like this may use.
  spec.components.securitySchemes.session = {
    type: 'oauth2',
    description: scheme.description,
    flows: {
      authorizationCode: {
        authorizationUrl: provider.authorization_endpoint,
        tokenUrl: provider.token_endpoint,
        scopes: { openid: 'Who you are', lightning: 'Your own data' },
      },
    },
  };
} catch (fault) {
  spec.info.description += `\n\n**Signing in is not possible now: ${scheme.openIdConnectUrl} cannot be read. Load this page again once it can.**`;
  console.error(fault);
}

const ui = window.SwaggerUIBundle({
  spec,
  dom_id: '#docs',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  oauth2RedirectUrl: new URL('oauth2-redirect.html', location.href).href,
  // A header that browsers would ask the provider about, and that means nothing to it.
  requestInterceptor: request => {
    delete request.headers['X-Requested-With'];
    return request;
  },
});
ui.initOAuth({ clientId, scopes: ['openid', 'lightning'], usePkceWithAuthorizationCodeGrant: true });

// The provider's pages cut the tie between a window and the one that opened it (Cross-Origin-Opener-Policy), so the answer comes by a channel of this origin.
new BroadcastChannel('lightning-docs').addEventListener('message', ({ data }) => {
  const waiting = window.swaggerUIRedirectOauth2;
  const answer = new URLSearchParams(data);
  // Another tab's, or nobody's.
  if (!waiting || answer.get('state') !== waiting.state) return;
  delete window.swaggerUIRedirectOauth2;
  const fail = message => waiting.errCb({ authId: waiting.auth.name, source: 'auth', level: 'error', message });
  // RFC 9207, 2.4: the code goes to nobody but whoever gave it.
  if (provider.authorization_response_iss_parameter_supported && answer.get('iss') !== provider.issuer) fail('The answer is another provider’s.');
  else if (!answer.get('code')) fail(answer.get('error_description') ?? answer.get('error') ?? 'The provider gave no code.');
  else {
    waiting.auth.code = answer.get('code');
    waiting.callback({ auth: waiting.auth, redirectUrl: waiting.redirectUrl });
  }
});
