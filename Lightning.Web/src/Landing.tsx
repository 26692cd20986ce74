import { useEffect } from 'react';
import { signIn } from './session/session';

export function Landing({ returnUrl }: { returnUrl: string }) {
  useEffect(() => {
    document.title = 'Lightning · Notes that are only yours';
  }, []);

  return (
    <main className="landing">
      <section className="hero">
        <Bolt />
        <div className="hero-inside">
          <a className="brand" href="/">
            Lightning
          </a>
          <div className="hero-words">
            <h1>
              Write it down.
              <br />
              It stays yours.
            </h1>
            <p>Lightning is a quiet place for your own notes. You can reach them from anywhere; nobody else can, by no link and by no guess.</p>
            <div className="row">
              <button type="button" className="button-primary" onClick={() => signIn(returnUrl, 'create')}>
                Create account
              </button>
              <button type="button" className="button-storm" onClick={() => signIn(returnUrl)}>
                Sign in
              </button>
            </div>
          </div>
        </div>
      </section>
      <section className="promises">
        <div>
          <h2>One owner</h2>
          <p>Each note answers to the person who wrote it. The server asks whose it is before every single answer.</p>
        </div>
        <div>
          <h2>Out means out</h2>
          <p>Sign out and that session is over at once, on every server. No leftover key works for a few minutes more.</p>
        </div>
        <div>
          <h2>Nothing to steal here</h2>
          <p>This page never holds a token. Your browser has one sealed cookie, and no script can read it.</p>
        </div>
      </section>
    </main>
  );
}

function Bolt() {
  return (
    <svg className="hero-bolt" viewBox="0 0 600 700" preserveAspectRatio="xMaxYMid slice" aria-hidden="true">
      <path className="hero-bolt-far" d="M262 -10 196 166 258 184 132 392 188 412 70 720" />
      <path d="M440 -10 296 268 424 286 262 486 348 500 110 760 470 452 384 438 556 228 428 210 570 -10z" />
    </svg>
  );
}
