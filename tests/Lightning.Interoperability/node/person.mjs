// A user in a browser: one cookie jar, and forms filled in as a user would.
import assert from 'node:assert/strict';

const text = (html) =>
  html.replaceAll('&quot;', '"').replaceAll('&#x2B;', '+').replaceAll('&#x27;', "'").replaceAll('&amp;', '&');

export class Person {
  #jar = new Map();

  /** Follows redirects to the client, signs in on the sign-in page and agrees to a native app. */
  async signIn(address, redirectUri, email, password) {
    const stop = await this.#follow(address, redirectUri);
    if (!stop.page) return stop.address;
    const form = new URLSearchParams({ ...hidden(stop.page), Email: email, Password: password });
    let end = await this.#follow(stop.address, redirectUri, form);
    if (end.page && end.address.pathname === '/account/consent')
      end = await this.#follow(end.address, redirectUri, new URLSearchParams(hidden(end.page)));
    assert.ok(!end.page, `Signing in did not lead back to the client but to ${end.address}`);
    return end.address;
  }

  async followTo(address, end) {
    const stop = await this.#follow(address, end);
    assert.ok(!stop.page, `Led to ${stop.address} and not to ${end}`);
    return stop.address;
  }

  /** Follows redirects until an address of the client, where nothing listens, or a page. */
  async #follow(address, end, form) {
    for (let hop = 0; hop < 10; hop++) {
      if (String(address).startsWith(end)) return { address: new URL(address) };
      const response = await fetch(address, {
        method: form ? 'POST' : 'GET',
        body: form,
        redirect: 'manual',
        headers: { accept: 'text/html', cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      });
      form = undefined;
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
        if (value) this.#jar.set(name, value);
        else this.#jar.delete(name);
      }
      if (!response.headers.has('location')) return { address: new URL(address), page: await response.text() };
      address = new URL(response.headers.get('location'), address);
    }
    throw new Error(`Too many redirects; the last went to ${address}`);
  }
}

function hidden(page) {
  const inputs = [...page.matchAll(/<input [^>]*type="hidden"[^>]*>/g)].map(([input]) => input);
  assert.ok(inputs.length > 0, `There is no form: ${page}`);
  return Object.fromEntries(
    inputs.map((input) => [/name="([^"]*)"/.exec(input)[1], text(/value="([^"]*)"/.exec(input)?.[1] ?? '')]),
  );
}
