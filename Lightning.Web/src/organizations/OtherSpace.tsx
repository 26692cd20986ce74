import { useEffect } from 'react';
import type { Note, View } from '../notes/notes';
import { Link, navigate } from '../routing';
import { useOrganizations, useReloaded } from './useOrganizations';

/** Moves to the space of a note that was opened in another one: a link to a note works in every space. */
export function OtherSpace({ note, view }: { note: Note; view: View }) {
  const { organizations } = useOrganizations();
  // The user may have joined the organization after the list was loaded.
  const isReloaded = useReloaded();
  const organization = organizations.find((one) => one.id === note.organizationId);
  const path = note.organizationId === null ? '' : organization && `/o/${organization.slug}`;

  useEffect(() => {
    if (path !== undefined)
      navigate(`${path}/${view === 'archive' ? 'archive' : 'notes'}/${note.id}`, { replace: true });
  }, [path, view, note.id]);

  return !isReloaded || path !== undefined ? (
    <p role="status" className="soft notes-loading">
      Loading…
    </p>
  ) : (
    <div className="notes-placeholder" role="alert">
      <h2>Note not found</h2>
      <p>You are not a member of its organization.</p>
      <Link className="button" href="/notes">
        Back to list
      </Link>
    </div>
  );
}
