import { Link } from '../routing';
import type { View } from './notes';

const views: [View | 'trash', string][] = [
  ['notes', 'All'],
  ['shared', 'Shared with me'],
  ['archive', 'Archive'],
  ['trash', 'Trash'],
];

/** The links to the lists of notes. */
export function NoteViews({ view }: { view: View | 'trash' }) {
  return (
    <nav aria-label="Lists" className="notes-views">
      {views.map(([name, text]) => (
        <Link key={name} href={`/${name}`} aria-current={view === name ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
