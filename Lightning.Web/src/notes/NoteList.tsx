import { useState, useSyncExternalStore, type Ref } from 'react';
import { explain } from '../http';
import { Link, navigate, newNote } from '../routing';
import { useSession } from '../session/session';
import { Ago } from './Ago';
import { archiveAll, isPinned, type Note, type View } from './notes';
import type { Notes } from './useNotes';

interface Props {
  view: View;
  name: string;
  notes: Notes;
  items: Note[];
  selected: string | null;
  heading: Ref<HTMLHeadingElement>;
  words: string;
  onWords: (words: string) => void;
  reload: () => void;
  loadMore: () => void;
  /** These are no longer where they were. */
  onGone: (...ids: string[]) => void;
}

const most = 100;

export function NoteList({ view, name, notes, items, selected, heading, words, onWords, reload, loadMore, onGone }: Props) {
  const { drafts } = useSession();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const { phase, next, more, reason } = notes;
  const begun = view === 'notes' && (unsaved.includes(newNote) || selected === newNote);
  const choosable = items.filter((note) => note.can.archive);

  return (
    <div className="notes-list">
      <div className="notes-head">
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        <button type="button" className="button-primary" onClick={() => navigate(`/notes/${newNote}`)}>
          New note
        </button>
      </div>

      <nav aria-label="Lists" className="notes-views">
        <Link href="/notes" aria-current={view === 'notes' ? 'page' : undefined}>
          All
        </Link>
        <Link href="/shared" aria-current={view === 'shared' ? 'page' : undefined}>
          Shared with me
        </Link>
        <Link href="/archive" aria-current={view === 'archive' ? 'page' : undefined}>
          Archive
        </Link>
      </nav>
      <div className="notes-tools" role="search">
        <input type="search" aria-label="Search" placeholder="Search" autoComplete="off" maxLength={200} value={words} onChange={(event) => onWords(event.target.value)} />
        {(choosable.length > 0 || chosen) && (
          <button type="button" aria-pressed={chosen !== null} onClick={() => setChosen(chosen ? null : [])}>
            Select
          </button>
        )}
      </div>
      {chosen && <Bulk view={view} chosen={chosen} onDone={(ids) => (onGone(...ids), setChosen(null))} />}

      <p role="status" className="visually-hidden">
        {phase === 'loading' ? 'Loading your notes.' : more === 'loading' ? 'Loading more.' : notes.found ? `${items.length}${next === null ? '' : ' or more'} found.` : ''}
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
      {phase === 'ready' && items.length === 0 && !begun && <Empty view={view} isSearch={notes.found !== null} />}

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
              {chosen ? (
                <label className="notes-choice" data-off={!note.can.archive || undefined}>
                  <input
                    type="checkbox"
                    disabled={!note.can.archive || (chosen.length >= most && !chosen.includes(note.id))}
                    checked={chosen.includes(note.id)}
                    onChange={(event) => setChosen(event.target.checked ? [...chosen, note.id] : chosen.filter((id) => id !== note.id))}
                  />
                  <span className="notes-title">{note.title || 'Untitled'}</span>
                </label>
              ) : (
                <Link href={`/${view}/${note.id}`} aria-current={selected === note.id ? 'page' : undefined}>
                  <span className="notes-title">{note.title || 'Untitled'}</span>
                  <span className="notes-snippet">{firstLine(note.body)}</span>
                  <span className="notes-meta">
                    <Ago at={note.updatedAt} />
                    {isPinned(note) && <span className="badge">Pinned</span>}
                    {!note.isOwn && <span className="badge">Shared with you</span>}
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

/** Puts all that is chosen away, or takes it out again. */
function Bulk({ view, chosen, onDone }: { view: View; chosen: string[]; onDone: (ids: string[]) => void }) {
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const archived = view !== 'archive';

  async function move() {
    setWorking(true);
    setFailure(null);
    try {
      onDone(await archiveAll(chosen, archived, crypto.randomUUID()));
    } catch (error) {
      setFailure(explain(error));
      setWorking(false);
    }
  }

  return (
    <div className="notes-bulk">
      <button type="button" className="button-primary" disabled={chosen.length === 0 || working} onClick={() => void move()}>
        {archived ? 'Archive' : 'Take out'} {chosen.length === 1 ? '1 note' : `${chosen.length} notes`}
      </button>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
    </div>
  );
}

function Empty({ view, isSearch }: { view: View; isSearch: boolean }) {
  if (isSearch) return <p className="notes-empty">No note here has these words.</p>;
  if (view === 'archive') return <p className="notes-empty">What you put away is kept here, out of the list.</p>;
  if (view === 'shared') return <p className="notes-empty">When somebody shares a note with your address, it is here.</p>;
  return (
    <p className="notes-empty">
      <strong>Nothing written yet.</strong> What you write here is seen by you alone, until you share it.
    </p>
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
