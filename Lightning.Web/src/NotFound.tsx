import { useEffect } from 'react';
import { Link } from './routing';

export function NotFound({ home }: { home: '/' | '/notes' }) {
  useEffect(() => {
    document.title = 'Nothing here · Lightning';
  }, []);

  return (
    <main className="nothing">
      <svg className="nothing-bolt" viewBox="0 0 200 420" aria-hidden="true">
        <path d="M118 0 52 168h52L62 300" />
        <path d="M48 344 30 420" />
      </svg>
      <div>
        <p className="nothing-code">404</p>
        <h1>Lightning never struck here</h1>
        <p>There is no page at this address. It may have been mistyped, or it never was.</p>
        <Link className="button button-primary" href={home}>
          {home === '/notes' ? 'Go to your notes' : 'Go to the start'}
        </Link>
      </div>
    </main>
  );
}
