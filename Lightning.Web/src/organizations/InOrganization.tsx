import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import { NotFound } from '../NotFound';
import { CurrentSpace } from '../notes/space';
import { navigate, usePath } from '../routing';
import type { Organization } from './organizations';
import { Removed } from './Removed';
import { useOrganizations, useReloaded } from './useOrganizations';

interface Props {
  slug: string;
  children: (organization: Organization) => ReactNode;
}

/** The pages of an organization, for its members. Shows why if the user is not a member, or no longer. */
export function InOrganization({ slug, children }: Props) {
  const { phase, reason, organizations, reload } = useOrganizations();
  const found = organizations.find((one) => one.slug === slug);
  // Remembered, so that a new slug and a lost membership can be told from an unknown organization.
  const last = useRef<Organization>(null);
  if (found) last.current = found;
  const known = last.current?.slug === slug ? last.current : null;
  const renamed = known && organizations.find((one) => one.id === known.id && one.slug !== slug);
  const organization = found ?? renamed;
  const path = usePath();

  useEffect(() => {
    if (renamed) navigate(path.replace(`/o/${slug}/`, `/o/${renamed.slug}/`), { replace: true });
  }, [renamed, path, slug]);

  if (organization)
    return (
      <Content key={organization.id} organization={organization} reload={reload}>
        {children(organization)}
      </Content>
    );
  if (phase === 'loading') return <Loading />;
  if (phase === 'failed')
    return (
      <main className="page-narrow">
        <h1>This organization could not be loaded</h1>
        <p role="alert">{reason}</p>
        <button type="button" className="button-primary" onClick={reload}>
          Try again
        </button>
      </main>
    );
  return known ? <Removed organization={known} /> : <Unknown key={slug} />;
}

interface ContentProps {
  organization: Organization;
  reload: () => void;
  children: ReactNode;
}

function Content({ organization: { id, slug, name }, reload, children }: ContentProps) {
  const space = useMemo(
    () => ({ path: `/o/${slug}`, organizationId: id, name, onGone: reload }),
    [slug, id, name, reload],
  );
  return <CurrentSpace value={space}>{children}</CurrentSpace>;
}

/** The list may be older than the membership. */
function Unknown() {
  return useReloaded() ? <NotFound home="/notes" /> : <Loading />;
}

function Loading() {
  return (
    <main className="page">
      <p role="status" className="soft loading-text">
        Loading…
      </p>
    </main>
  );
}
