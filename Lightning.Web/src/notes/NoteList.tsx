import { useSyncExternalStore, type Ref } from 'react';
import { Link, navigate, newNote } from '../routing';
import { useSession } from '../session/session';
import { Ago } from './Ago';
import type { Notes } from './useNotes';

interface Props {
  notes: Notes;
  selected: string | null;
  heading: Ref<HTMLHeadingElement>;
  reload: () => void;
  loadMore: () => void;
}

export function NoteList({ notes, selected, heading, reload, loadMore }: Props) {
  const { drafts } = useSession();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids);
  const { phase, items, next, more, reason } = notes;
  const begun = unsaved.includes(newNote) || selected === newNote;

  return (
    <div className="notes-list">
      <div className="notes-head">
        <h2 ref={heading} tabIndex={-1}>
          Notes
        </h2>
        <button type="button" className="button-primary" onClick={() => navigate(`/notes/${newNote}`)}>
          New note
        </button>
      </div>

      <p role="status" className="visually-hidden">
        {phase === 'loading' ? 'Loading your notes.' : more === 'loading' ? 'Loading more.' : ''}
      </p>
      {phase === 'loading' && <Bones />}
      {phase === 'failed' && (
        <div role="alert" className="alert alert-danger">
          <p>Your notes could not be loaded. {reason}</p>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {phase === 'ready' && items.length === 0 && !begun && (
        <p className="notes-empty">
          <strong>Nothing written yet.</strong> What you write here is seen by you alone.
        </p>
      )}

      <ul className="notes-items">
        {begun && (
          <li>
            <Link href={`/notes/${newNote}`} aria-current={selected === newNote ? 'page' : undefined}>
              <span className="notes-title">{drafts.get(newNote)?.title || 'Untitled'}</span>
              <span className="notes-meta">
                <span className="badge">Not saved yet</span>
              </span>
            </Link>
          </li>
        )}
        {phase !== 'loading' &&
          items.map((note) => (
            <li key={note.id}>
              <Link href={`/notes/${note.id}`} aria-current={selected === note.id ? 'page' : undefined}>
                <span className="notes-title">{note.title || 'Untitled'}</span>
                <span className="notes-snippet">{firstLine(note.body)}</span>
                <span className="notes-meta">
                  <Ago at={note.updatedAt} />
                  {!note.isOwn && <span className="badge">Shared with you</span>}
                  {unsaved.includes(note.id) && <span className="badge">Unsaved changes</span>}
                </span>
              </Link>
            </li>
          ))}
      </ul>

      {more === 'failed' && (
        <p role="alert" className="alert alert-danger">
          {reason}
        </p>
      )}
      {phase === 'ready' && next !== null && (
        <button type="button" className="notes-more" disabled={more === 'loading'} onClick={loadMore}>
          Show more
        </button>
      )}
    </div>
  );
}

function Bones() {
  return (
    <div className="bones" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

function firstLine(body: string): string {
  return body.split('\n').find((line) => line.trim() !== '')?.slice(0, 200) ?? '';
}
