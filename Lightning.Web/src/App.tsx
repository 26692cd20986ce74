import { useEffect, useState, type ReactNode } from 'react';
import { DevicesPage } from './devices/DevicesPage';
import { Landing } from './Landing';
import { NotFound } from './NotFound';
import { NotesPage } from './notes/NotesPage';
import { TrashPage } from './notes/TrashPage';
import { InOrganization } from './organizations/InOrganization';
import { MembersPage } from './organizations/MembersPage';
import { NewOrganization } from './organizations/NewOrganization';
import { OrganizationsPage } from './organizations/OrganizationsPage';
import { SettingsPage } from './organizations/SettingsPage';
import { OrganizationsProvider } from './organizations/useOrganizations';
import { Header } from './session/Header';
import { NotDuringImpersonation } from './session/Impersonation';
import { Session, useSession } from './session/session';
import { SessionEnded } from './session/SessionEnded';
import { useVisitor } from './session/useVisitor';
import { navigate, parse, usePath, type Route } from './routing';

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
      <OrganizationsProvider>
        <SessionEnded expected={leaving}>
          <Header leaving={leaving} setLeaving={setLeaving} />
          <Page route={route} />
        </SessionEnded>
      </OrganizationsProvider>
    </Session>
  );
}

function Page({ route }: { route: Route }) {
  const { user } = useSession();
  switch (route.page) {
    case 'devices':
      return user.act ? <NotDuringImpersonation heading="Devices" /> : <DevicesPage />;
    case 'organizations':
      return <OrganizationsPage />;
    case 'new-organization':
      return <NewOrganization />;
    case 'members':
      return (
        <InOrganization slug={route.slug}>
          {(organization) => <MembersPage organization={organization} />}
        </InOrganization>
      );
    case 'settings':
      return (
        <InOrganization slug={route.slug}>
          {(organization) => <SettingsPage organization={organization} />}
        </InOrganization>
      );
    case 'trash':
      return (
        <InSpace slug={route.slug}>
          <TrashPage />
        </InSpace>
      );
    case 'notes':
      return (
        <InSpace slug={route.slug}>
          <NotesPage view={route.view} selected={route.selected} />
        </InSpace>
      );
    default:
      return <Loading />;
  }
}

function InSpace({ slug, children }: { slug: string | null; children: ReactNode }) {
  return slug === null ? children : <InOrganization slug={slug}>{() => children}</InOrganization>;
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
