import { useState, useSyncExternalStore, type Ref } from 'react';
import { explain } from '../http';
import { Link, navigate, newNote } from '../routing';
import { mayWrite, useSession } from '../session/session';
import { Ago } from './Ago';
import { archiveAll, isPinned, type Note, type View } from './notes';
import { NoteViews } from './NoteViews';
import { newDraftId, useSpace } from './space';
import type { Notes } from './useNotes';

interface Props {
  view: View;
  name: string;
  notes: Notes;
  items: Note[];
  selected: string | null;
  heading: Ref<HTMLHeadingElement>;
  search: string;
  onSearch: (search: string) => void;
  reload: () => void;
  loadMore: () => void;
  /** These notes were archived or unarchived. */
  onMoved: (...ids: string[]) => void;
}

/** The API archives at most this many notes per request. */
const maxSelected = 100;

export function NoteList({
  view,
  name,
  notes,
  items,
  selected,
  heading,
  search,
  onSearch,
  reload,
  loadMore,
  onMoved,
}: Props) {
  const { drafts, user } = useSession();
  const space = useSpace();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids);
  const [checked, setChecked] = useState<string[] | null>(null);
  const { phase, next, more, reason } = notes;
  const newDraft = newDraftId(space);
  const hasNewNote = view === 'notes' && (unsaved.includes(newDraft) || selected === newNote);
  const selectable = items.filter((note) => note.can.archive);

  return (
    <div className="notes-list">
      <div className="notes-head">
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        {mayWrite(user) && (
          <button type="button" className="button-primary" onClick={() => navigate(`${space.path}/notes/${newNote}`)}>
            New note
          </button>
        )}
      </div>

      <NoteViews view={view} />
      <div className="notes-tools" role="search">
        <input
          type="search"
          aria-label="Search"
          placeholder="Search"
          autoComplete="off"
          maxLength={200}
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
        {(selectable.length > 0 || checked) && (
          <button type="button" aria-pressed={checked !== null} onClick={() => setChecked(checked ? null : [])}>
            Select
          </button>
        )}
      </div>
      {checked && <BulkActions view={view} checked={checked} onDone={(ids) => (onMoved(...ids), setChecked(null))} />}

      <p role="status" className="visually-hidden">
        {phase === 'loading'
          ? 'Loading your notes.'
          : more === 'loading'
            ? 'Loading more.'
            : notes.found
              ? `${items.length}${next === null ? '' : ' or more'} found.`
              : ''}
      </p>
      {phase === 'loading' && <Skeleton />}
      {phase === 'failed' && (
        <div role="alert" className="alert alert-danger">
          <p>Your notes could not be loaded. {reason}</p>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </div>
      )}
      {phase === 'ready' && items.length === 0 && !hasNewNote && <Empty view={view} isSearch={notes.found !== null} />}

      <ul className="notes-items">
        {hasNewNote && (
          <li>
            <Link href={`${space.path}/notes/${newNote}`} aria-current={selected === newNote ? 'page' : undefined}>
              <span className="notes-title">{drafts.get(newDraft)?.title || 'Untitled'}</span>
              <span className="notes-meta">
                <span className="badge">Not saved yet</span>
              </span>
            </Link>
          </li>
        )}
        {phase !== 'loading' &&
          items.map((note) => (
            <li key={note.id}>
              {checked ? (
                <label className="notes-choice" data-off={!note.can.archive || undefined}>
                  <input
                    type="checkbox"
                    disabled={!note.can.archive || (checked.length >= maxSelected && !checked.includes(note.id))}
                    checked={checked.includes(note.id)}
                    onChange={(event) =>
                      setChecked(event.target.checked ? [...checked, note.id] : checked.filter((id) => id !== note.id))
                    }
                  />
                  <span className="notes-title">{note.title || 'Untitled'}</span>
                </label>
              ) : (
                <Link
                  href={`${space.path}/${view}/${note.id}`}
                  aria-current={selected === note.id ? 'page' : undefined}
                >
                  <span className="notes-title">{note.title || 'Untitled'}</span>
                  <span className="notes-snippet">{firstLine(note.body)}</span>
                  <span className="notes-meta">
                    <Ago at={note.updatedAt} />
                    {isPinned(note) && <span className="badge">Pinned</span>}
                    {!note.isOwn && note.organizationId === null && <span className="badge">Shared with you</span>}
                    {unsaved.includes(note.id) && <span className="badge">Unsaved changes</span>}
                  </span>
                </Link>
              )}
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

/** Archives or unarchives the checked notes. */
function BulkActions({ view, checked, onDone }: { view: View; checked: string[]; onDone: (ids: string[]) => void }) {
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const archived = view !== 'archive';

  async function archive() {
    setWorking(true);
    setFailure(null);
    try {
      onDone(await archiveAll(checked, archived, crypto.randomUUID()));
    } catch (error) {
      setFailure(explain(error));
      setWorking(false);
    }
  }

  return (
    <div className="notes-bulk">
      <button
        type="button"
        className="button-primary"
        disabled={checked.length === 0 || working}
        onClick={() => void archive()}
      >
        {archived ? 'Archive' : 'Unarchive'} {checked.length === 1 ? '1 note' : `${checked.length} notes`}
      </button>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
    </div>
  );
}

function Empty({ view, isSearch }: { view: View; isSearch: boolean }) {
  const { name } = useSpace();
  if (isSearch) return <p className="notes-empty">No notes found.</p>;
  if (view === 'archive') return <p className="notes-empty">No archived notes.</p>;
  if (view === 'shared') return <p className="notes-empty">No notes have been shared with you.</p>;
  return (
    <p className="notes-empty">
      <strong>No notes yet.</strong>{' '}
      {name === null
        ? 'Only you can see your notes until you share them.'
        : `All members of ${name} can see the notes here.`}
    </p>
  );
}

function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

export function firstLine(body: string): string {
  return (
    body
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.slice(0, 200) ?? ''
  );
}
