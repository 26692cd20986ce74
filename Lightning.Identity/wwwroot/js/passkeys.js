// Creates and uses passkeys, and posts the credential as a form. Everything else works without scripts.
const supported =
  typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

async function optionsOf(form) {
  const body = new URLSearchParams({ __RequestVerificationToken: form.elements.__RequestVerificationToken.value });
  const response = await fetch(form.dataset.options, { method: 'POST', body, headers: { Accept: 'application/json' } });
  // The form is out of date: post it without a passkey, and the server shows it again.
  if (response.status === 400 && form.dataset.asked) {
    form.submit();
    return null;
  }
  if (!response.ok)
    throw new Error(
      response.status === 429
        ? 'Too many attempts. Wait a minute, then try again.'
        : 'That did not work. Reload the page and try again.',
    );
  return response.json();
}

async function ask(form, extra) {
  const options = await optionsOf(form);
  if (!options) return;
  const credential =
    form.dataset.passkey === 'create'
      ? await navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          ...extra,
        })
      : await navigator.credentials.get({
          publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          ...extra,
        });
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

const messages = {
  InvalidStateError: 'This device already has a passkey for your account.',
  NotAllowedError: 'No passkey was used: it took too long or was cancelled.',
};

function show(form, error) {
  const place = form.querySelector('[data-error]');
  place.textContent =
    messages[error.name] ??
    (error.constructor === Error ? error.message : 'Your browser could not use a passkey here.');
  place.hidden = false;
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!supported) {
    for (const notice of document.querySelectorAll('[data-no-passkeys]')) notice.hidden = false;
    continue;
  }
  form.hidden = false;
  let conditional;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // Only one request can be pending, so cancel the conditional one.
    conditional?.abort();
    form.querySelector('[data-error]').hidden = true;
    const button = form.querySelector('button');
    button.disabled = true;
    form.dataset.asked = 'yes';
    try {
      await ask(form, {});
    } catch (error) {
      show(form, error);
    } finally {
      button.disabled = false;
    }
  });
  // Conditional mediation: the browser offers passkeys in its autofill list.
  if (form.dataset.passkey === 'get' && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    conditional = new AbortController();
    ask(form, { mediation: 'conditional', signal: conditional.signal }).catch((error) => {
      if (error.name !== 'AbortError' && error.name !== 'NotAllowedError')
        console.debug('No passkey was offered:', error.name);
    });
  }
}
