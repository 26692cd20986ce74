import { useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { navigate } from '../routing';
import { Ago } from './Ago';
import { onNoteEvent } from './events';
import { firstLine } from './NoteList';
import { NoteViews } from './NoteViews';
import { listTrash, removePermanently, restore, type DeletedNote, type TrashPage as Page } from './trash';

interface Trash {
  phase: 'loading' | 'ready' | 'failed';
  items: DeletedNote[];
  next: string | null;
  reason: string | null;
}

/** The user's deleted notes, which can be restored or deleted permanently. */
export function TrashPage() {
  const { trash, load, loadMore, drop } = useTrash();
  const [failure, setFailure] = useState<string | null>(null);
  const [asked, setAsked] = useState<DeletedNote | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { phase, items, next, reason } = trash;

  useEffect(() => {
    document.title = 'Trash · Lightning';
  }, []);

  /** Runs an action on a note, which then is no longer in the trash. */
  async function leave(note: DeletedNote, work: () => Promise<unknown>) {
    setFailure(null);
    try {
      await work();
    } catch (error) {
      const isGone = error instanceof RequestFailed && error.status === 404;
      setFailure(isGone ? 'This note is no longer in the trash.' : explain(error));
      if (!isGone) return;
    }
    drop(note.id);
    heading.current?.focus();
  }

  return (
    <main className="notes trash">
      <h1 className="visually-hidden">Trash</h1>
      <div className="notes-list">
        <div className="notes-head">
          <h2 ref={heading} tabIndex={-1}>
            Trash
          </h2>
        </div>
        <NoteViews view="trash" />
        <p className="soft">Deleted notes are kept for 30 days.</p>
        <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
        {phase === 'loading' && (
          <p role="status" className="soft">
            Loading…
          </p>
        )}
        {phase === 'failed' && (
          <div role="alert" className="alert alert-danger">
            <p>Your trash could not be loaded. {reason}</p>
            <button type="button" onClick={load}>
              Try again
            </button>
          </div>
        )}
        {phase === 'ready' && items.length === 0 && <p className="notes-empty">The trash is empty.</p>}
        <ul className="trash-items">
          {items.map((note) => (
            <li key={note.id}>
              <div className="trash-note">
                <span className="notes-title">{note.title || 'Untitled'}</span>
                <span className="notes-snippet">{firstLine(note.body)}</span>
                <span className="notes-meta">
                  <span>
                    Deleted <Ago at={note.deletedAt} />
                  </span>
                </span>
              </div>
              <div className="trash-actions">
                {note.can.restore && (
                  <button
                    type="button"
                    aria-label={`Restore “${note.title}”`}
                    onClick={() =>
                      void leave(note, async () => {
                        await restore(note.id);
                        navigate(`/notes/${note.id}`);
                      })
                    }
                  >
                    Restore
                  </button>
                )}
                {note.can.delete && (
                  <button
                    type="button"
                    className="button-quiet"
                    aria-label={`Delete “${note.title}” permanently`}
                    onClick={() => setAsked(note)}
                  >
                    Delete permanently…
                  </button>
                )}
              </div>
            </li>
          ))}
        </ul>
        {phase === 'ready' && next !== null && (
          <button type="button" className="notes-more" onClick={loadMore}>
            Show more
          </button>
        )}
      </div>
      {asked && (
        <Dialog heading="Delete permanently?" onClose={() => setAsked(null)}>
          <p>“{asked.title || 'Untitled'}” cannot be restored after that.</p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setAsked(null)}>
              Cancel
            </button>
            <button
              type="button"
              className="button-danger"
              onClick={() => {
                setAsked(null);
                void leave(asked, () => removePermanently(asked));
              }}
            >
              Delete permanently
            </button>
          </div>
        </Dialog>
      )}
    </main>
  );
}

/** The trash. It follows the deletions of other tabs and devices. */
function useTrash() {
  const [trash, setTrash] = useState<Trash>({ phase: 'loading', items: [], next: null, reason: null });
  const pending = useRef<AbortController>(null);

  const ask = useCallback((after: string | null) => {
    pending.current?.abort();
    const abort = new AbortController();
    pending.current = abort;
    listTrash(after, abort.signal).then(
      (page: Page) => {
        if (abort.signal.aborted) return;
        setTrash((now) => ({
          phase: 'ready',
          items: after === null ? page.items : [...now.items, ...page.items],
          next: page.next,
          reason: null,
        }));
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setTrash((now) => ({ ...now, phase: 'failed', reason: explain(error) }));
      },
    );
  }, []);

  useEffect(() => {
    ask(null);
    // An event tells that a note was deleted or restored, but not whether it is in the trash.
    const stop = onNoteEvent(() => ask(null));
    return () => {
      stop();
      pending.current?.abort();
    };
  }, [ask]);

  const load = useCallback(() => {
    setTrash((now) => ({ ...now, phase: 'loading', reason: null }));
    ask(null);
  }, [ask]);
  const loadMore = () => ask(trash.next);
  const drop = (id: string) => setTrash((now) => ({ ...now, items: now.items.filter((note) => note.id !== id) }));
  return { trash, load, loadMore, drop };
}
