import { Link } from '../routing';
import type { View } from './notes';
import { useSpace } from './space';

const views: [View | 'trash', string][] = [
  ['notes', 'All'],
  ['shared', 'Shared with me'],
  ['archive', 'Archive'],
  ['trash', 'Trash'],
];

/** The links to the lists of notes. */
export function NoteViews({ view }: { view: View | 'trash' }) {
  const { path, organizationId } = useSpace();
  const shown = views.filter(([name]) => name !== 'shared' || organizationId === null);
  return (
    <nav aria-label="Lists" className="notes-views">
      {shown.map(([name, text]) => (
        <Link key={name} href={`${path}/${name}`} aria-current={view === name ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
