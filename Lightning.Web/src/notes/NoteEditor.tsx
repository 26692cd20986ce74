import { useEffect, useRef, useState, useSyncExternalStore, type KeyboardEvent, type SubmitEvent } from 'react';
import { Dialog } from '../Dialog';
import { hasMoved, Link, navigate } from '../routing';
import { useSession } from '../session/session';
import { Ago } from './Ago';
import { Conflict } from './Conflict';
import { NoteActions } from './NoteActions';
import { sameText, type Note, type Text, type View } from './notes';
import { newDraftId, useSpace } from './space';
import { useSaving } from './useSaving';

export interface EditorEvents {
  onCreated: (note: Note) => void;
  onChanged: (note: Note) => void;
  onDeleted: (note: Note) => void;
  /** The note no longer exists. */
  onForgotten: (id: string) => void;
}

const empty: Text = { title: '', body: '' };

/** Shows the draft if there is one, otherwise the saved note: no failure can lose what was typed. */
export function NoteEditor({ view, note, ...events }: { view: View; note: Note | null } & EditorEvents) {
  const { drafts } = useSession();
  const space = useSpace();
  const id = note?.id ?? newDraftId(space);
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.get(id));
  const text: Text = draft ?? note ?? empty;
  const saving = useSaving(note, draft, events);
  const { working, errors, failure, conflict } = saving;
  const [discarding, setDiscarding] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLTextAreaElement>(null);
  const isNew = note === null;
  const canUpdate = note?.can.update ?? true;

  useEffect(() => {
    if (isNew) title.current?.focus();
    else if (hasMoved()) heading.current?.focus();
    // Only when the editor opens: after a save the focus stays where it is.
  }, []);

  useEffect(() => {
    if (errors.title) title.current?.focus();
    else if (errors.body) body.current?.focus();
  }, [errors]);

  function edit(change: Partial<Text>) {
    const next = { ...text, ...change };
    saving.touched();
    if (sameText(next, note ?? empty)) drafts.remove(id);
    else drafts.set(id, { organizationId: space.organizationId, etag: note?.etag ?? null, ...draft, ...next });
  }

  function discard() {
    setDiscarding(false);
    drafts.remove(id);
    saving.touched();
    if (isNew) navigate(`${space.path}/notes`);
    else heading.current?.focus();
  }

  function left(removed: string) {
    events.onForgotten(removed);
    navigate(`${space.path}/${view}`);
  }

  function submit(event: SubmitEvent) {
    event.preventDefault();
    void saving.save();
  }

  function shortcut(event: KeyboardEvent) {
    if (!(event.ctrlKey || event.metaKey) || (event.key !== 's' && event.key !== 'Enter')) return;
    event.preventDefault();
    if (canUpdate && !conflict) void saving.save();
  }

  return (
    <div className="editor">
      <div className="editor-top">
        <Link className="editor-back" href={`${space.path}/${view}`}>
          Back to list
        </Link>
        <h2 ref={heading} tabIndex={-1} className="visually-hidden">
          {isNew ? 'New note' : note.title || 'Untitled'}
        </h2>
        {note && (
          <p className="soft">
            {note.archivedAt !== null && <span className="badge">Archived</span>} Updated <Ago at={note.updatedAt} />
          </p>
        )}
      </div>
      {note && <NoteActions note={note} onChanged={events.onChanged} onLeft={left} />}

      <form onSubmit={submit} onKeyDown={shortcut} aria-busy={working} data-conflict={conflict !== null || undefined}>
        <div className="field">
          <label htmlFor="note-title">Title</label>
          <input
            id="note-title"
            ref={title}
            className="editor-title"
            autoComplete="off"
            readOnly={!canUpdate}
            value={text.title}
            onChange={(event) => edit({ title: event.target.value })}
            aria-invalid={errors.title !== undefined}
            aria-describedby={errors.title && 'note-title-error'}
          />
          {errors.title && (
            <p id="note-title-error" className="field-error">
              {errors.title}
            </p>
          )}
        </div>
        <div className="field">
          <label htmlFor="note-body">Note</label>
          <textarea
            id="note-body"
            ref={body}
            className="editor-body"
            readOnly={!canUpdate}
            value={text.body}
            onChange={(event) => edit({ body: event.target.value })}
            aria-invalid={errors.body !== undefined}
            aria-describedby={errors.body && 'note-body-error'}
          />
          {errors.body && (
            <p id="note-body-error" className="field-error">
              {errors.body}
            </p>
          )}
        </div>

        <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>

        {conflict ? (
          <Conflict
            theirs={conflict.theirs}
            working={working}
            onMine={saving.keepMine}
            onTheirs={saving.takeTheirs}
            onBoth={saving.keepBoth}
          />
        ) : (
          <div className="editor-actions">
            {canUpdate && (
              <button type="submit" className="button-primary" aria-keyshortcuts="Control+S Meta+S">
                Save
              </button>
            )}
            {draft && (
              <button type="button" className="button-quiet" onClick={() => setDiscarding(true)}>
                Discard
              </button>
            )}
            {note?.can.delete && (
              <button type="button" className="button-danger editor-delete" onClick={() => void saving.erase()}>
                Delete
              </button>
            )}
          </div>
        )}
        <p role="status" className="soft editor-status">
          {working ? 'Saving…' : draft ? 'Unsaved changes' : saving.saved ? 'Saved' : ''}
        </p>
      </form>

      {discarding && (
        <Dialog heading="Discard your changes?" onClose={() => setDiscarding(false)}>
          <p>
            {isNew
              ? 'This note was never saved, so its text cannot be restored.'
              : 'The note is restored to its last saved version.'}
          </p>
          <div className="row">
            <button type="button" autoFocus onClick={() => setDiscarding(false)}>
              Keep editing
            </button>
            <button type="button" className="button-danger" onClick={discard}>
              Discard changes
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
