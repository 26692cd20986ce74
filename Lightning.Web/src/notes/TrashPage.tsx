import { useCallback, useEffect, useRef, useState } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { navigate } from '../routing';
import { useList } from '../useList';
import { Ago } from './Ago';
import { onNoteEvent } from './events';
import { firstLine } from './NoteList';
import { NoteViews } from './NoteViews';
import { titleIn, useSpace } from './space';
import { listTrash, removePermanently, restore, type DeletedNote } from './trash';

/** The deleted notes of a space, which can be restored or deleted permanently. */
export function TrashPage() {
  const space = useSpace();
  const { organizationId } = space;
  const { list, load, refresh, loadMore, drop } = useList(
    useCallback((after, signal) => listTrash(organizationId, after, signal), [organizationId]),
  );
  const { phase, items, next, reason } = list;
  const [failure, setFailure] = useState<string | null>(null);
  const [asked, setAsked] = useState<DeletedNote | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = titleIn(space, 'Trash');
  }, [space]);

  useEffect(() => {
    if (list.notFound) space.onGone();
  }, [list.notFound, space]);

  // An event tells that a note was deleted or restored, but not whether it is in the trash.
  useEffect(() => onNoteEvent(refresh), [refresh]);

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
                        navigate(`${space.path}/notes/${note.id}`);
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
