import { useEffect } from 'react';
import { signIn } from './session/session';

export function Landing({ returnUrl }: { returnUrl: string }) {
  useEffect(() => {
    document.title = 'Lightning · Private notes';
  }, []);

  return (
    <main className="landing">
      <section className="hero">
        <HeroImage />
        <div className="hero-content">
          <a className="brand" href="/">
            Lightning
          </a>
          <div className="hero-text">
            <h1>
              Your notes,
              <br />
              private by default.
            </h1>
            <p>Write notes, find them again on any device, and share them only with the people you choose.</p>
            <div className="row">
              <button type="button" className="button-primary" onClick={() => signIn(returnUrl, 'create')}>
                Create account
              </button>
              <button type="button" className="button-on-dark" onClick={() => signIn(returnUrl)}>
                Sign in
              </button>
            </div>
          </div>
        </div>
      </section>
      <section className="features">
        <div>
          <h2>Private by default</h2>
          <p>Only you can open your notes until you share them. The server checks permissions on every request.</p>
        </div>
        <div>
          <h2>Sign out everywhere</h2>
          <p>
            When you sign out, the session ends immediately on all servers. You can also end it from another device.
          </p>
        </div>
        <div>
          <h2>No tokens in the browser</h2>
          <p>Your browser only holds a random session cookie that scripts cannot read.</p>
        </div>
      </section>
    </main>
  );
}

function HeroImage() {
  return (
    <svg className="hero-image" viewBox="0 0 600 700" preserveAspectRatio="xMaxYMid slice" aria-hidden="true">
      <path className="hero-image-line" d="M262 -10 196 166 258 184 132 392 188 412 70 720" />
      <path d="M440 -10 296 268 424 286 262 486 348 500 110 760 470 452 384 438 556 228 428 210 570 -10z" />
    </svg>
  );
}
