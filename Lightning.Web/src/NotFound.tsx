import { useEffect } from 'react';
import { Link } from './routing';

export function NotFound({ home }: { home: '/' | '/notes' }) {
  useEffect(() => {
    document.title = 'Page not found · Lightning';
  }, []);

  return (
    <main className="not-found">
      <svg className="not-found-image" viewBox="0 0 200 420" aria-hidden="true">
        <path d="M118 0 52 168h52L62 300" />
        <path d="M48 344 30 420" />
      </svg>
      <div>
        <p className="not-found-code">404</p>
        <h1>Page not found</h1>
        <p>There is no page at this address. Check it for typing errors.</p>
        <Link className="button button-primary" href={home}>
          {home === '/notes' ? 'Go to your notes' : 'Go to the home page'}
        </Link>
      </div>
    </main>
  );
}
