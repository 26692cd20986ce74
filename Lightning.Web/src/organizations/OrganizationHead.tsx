import { useEffect, useRef } from 'react';
import { titleIn, useSpace } from '../notes/space';
import { hasMoved, Link } from '../routing';
import type { Organization } from './organizations';

interface Props {
  organization: Organization;
  page: 'members' | 'settings';
}

const names = { members: 'Members', settings: 'Settings' };

/** The heading and the tabs of the pages about an organization. */
export function OrganizationHead({ organization, page }: Props) {
  const space = useSpace();
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = titleIn(space, names[page]);
  }, [space, page]);

  useEffect(() => {
    if (hasMoved()) heading.current?.focus();
  }, []);

  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        <bdi>{organization.name}</bdi>
      </h1>
      <nav aria-label="Organization" className="notes-views">
        {(['members', 'settings'] as const).map((one) => (
          <Link key={one} href={`${space.path}/${one}`} aria-current={one === page ? 'page' : undefined}>
            {names[one]}
          </Link>
        ))}
      </nav>
    </>
  );
}
