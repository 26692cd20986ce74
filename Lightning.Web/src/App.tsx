import { useEffect, useState } from 'react';
import { DevicesPage } from './devices/DevicesPage';
import { Landing } from './Landing';
import { NotFound } from './NotFound';
import { NotesPage } from './notes/NotesPage';
import { TrashPage } from './notes/TrashPage';
import { Header } from './session/Header';
import { NotDuringImpersonation } from './session/Impersonation';
import { Session } from './session/session';
import { SessionEnded } from './session/SessionEnded';
import { useVisitor } from './session/useVisitor';
import { navigate, parse, usePath } from './routing';

export function App() {
  const path = usePath();
  const route = parse(path);
  const [visitor, retry] = useVisitor();
  const [leaving, setLeaving] = useState(false);
  const home = route.page === 'home' && visitor.kind === 'signed-in';

  useEffect(() => {
    if (home) navigate('/notes', { replace: true });
  }, [home]);

  if (visitor.kind === 'unknown' || home) return <Loading />;
  if (visitor.kind === 'unreachable') return <Unreachable reason={visitor.reason} retry={retry} />;
  if (visitor.kind === 'anonymous') {
    return route.page === 'unknown' ? (
      <NotFound home="/" />
    ) : (
      <Landing returnUrl={route.page === 'home' ? '/notes' : path} />
    );
  }
  if (route.page === 'unknown') return <NotFound home="/notes" />;

  return (
    <Session value={visitor.session}>
      <SessionEnded expected={leaving}>
        <Header leaving={leaving} setLeaving={setLeaving} />
        {route.page === 'trash' ? (
          <TrashPage />
        ) : route.page !== 'devices' ? (
          <NotesPage
            view={route.page === 'notes' ? route.view : 'notes'}
            selected={route.page === 'notes' ? route.selected : null}
          />
        ) : visitor.session.user.act ? (
          <NotDuringImpersonation heading="Devices" />
        ) : (
          <DevicesPage />
        )}
      </SessionEnded>
    </Session>
  );
}

function Loading() {
  return (
    <main className="loading">
      <h1 className="visually-hidden">Lightning</h1>
      <p role="status" className="soft loading-text">
        Loading…
      </p>
    </main>
  );
}

function Unreachable({ reason, retry }: { reason: string; retry: () => void }) {
  return (
    <main className="page-narrow">
      <p>
        <a className="brand" href="/">
          Lightning
        </a>
      </p>
      <h1>We can’t reach the server</h1>
      <p role="alert">{reason}</p>
      <button type="button" className="button-primary" onClick={retry}>
        Try again
      </button>
    </main>
  );
}
