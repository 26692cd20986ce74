import { useEffect, useRef } from 'react';
import { Link } from '../routing';
import type { Organization } from './organizations';
import { UnsavedTexts } from './UnsavedTexts';

/** Shown instead of a page of an organization that the user is no longer a member of. */
export function Removed({ organization: { name } }: { organization: Organization }) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${name} · Lightning`;
    heading.current?.focus();
  }, [name]);

  return (
    <main className="page organizations">
      <h1 ref={heading} tabIndex={-1}>
        You’re no longer a member of this organization
      </h1>
      <p>
        You were removed from <bdi>{name}</bdi>, or it was deleted.
      </p>
      <UnsavedTexts />
      <Link className="button button-primary" href="/notes">
        Go to your notes
      </Link>
    </main>
  );
}
