// Passkeys: asks the browser's authenticator, then posts its answer as a form. Everything else on these pages works without scripts.
const supported = typeof PublicKeyCredential === 'function' && typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

async function optionsOf(form) {
  const body = new URLSearchParams({ __RequestVerificationToken: form.elements.__RequestVerificationToken.value });
  const response = await fetch(form.dataset.options, { method: 'POST', body, headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(response.status === 429 ? 'Too many attempts. Wait a minute, then try again.' : 'That did not work. Reload the page and try again.');
  return response.json();
}

async function ask(form, extra) {
  const options = await optionsOf(form);
  const credential = form.dataset.passkey === 'create'
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), ...extra })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...extra });
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

const sentences = {
  InvalidStateError: 'This device has a passkey for your account already.',
  NotAllowedError: 'No passkey was used: it took too long, or was cancelled.',
};

function show(form, fault) {
  const place = form.querySelector('[data-fault]');
  place.textContent = sentences[fault.name] ?? (fault.constructor === Error ? fault.message : 'Your browser could not use a passkey here.');
  place.hidden = false;
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!supported) {
    for (const notice of document.querySelectorAll('[data-no-passkeys]')) notice.hidden = false;
    continue;
  }
  form.hidden = false;
  let waiting;
  form.addEventListener('submit', async event => {
    event.preventDefault();
    // One question at a time: the quiet one makes way.
    waiting?.abort();
    form.querySelector('[data-fault]').hidden = true;
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      await ask(form, {});
    } catch (fault) {
      show(form, fault);
    } finally {
      button.disabled = false;
    }
  });
  // The browser offers passkeys among the addresses that it fills in, and says nothing where there are none.
  if (form.dataset.passkey === 'get' && await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    waiting = new AbortController();
    ask(form, { mediation: 'conditional', signal: waiting.signal }).catch(fault => {
      if (fault.name !== 'AbortError' && fault.name !== 'NotAllowedError') console.debug('No passkey was offered:', fault.name);
    });
  }
}
