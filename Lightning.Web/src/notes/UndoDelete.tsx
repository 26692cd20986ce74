import { useState } from 'react';
import { explain } from '../http';
import type { Draft } from './drafts';
import type { Note } from './notes';
import { restore } from './trash';

export interface DeletedNote {
  note: Note;
  /** Unsaved changes, which undo restores too; null if there were none. */
  draft: Draft | null;
}

interface Props {
  deleted: DeletedNote | null;
  onRestored: (note: Note) => void;
  onDismissed: () => void;
}

/** Confirms that a note was deleted and offers to undo it. Stays until it is dismissed. */
export function UndoDelete({ deleted, onRestored, onDismissed }: Props) {
  return (
    <div role="status" className="toast-container">
      {deleted && <Toast key={deleted.note.id} note={deleted.note} onRestored={onRestored} onDismissed={onDismissed} />}
    </div>
  );
}

function Toast({ note, onRestored, onDismissed }: { note: Note } & Omit<Props, 'deleted'>) {
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function undo() {
    setWorking(true);
    setFailure(null);
    try {
      onRestored(await restore(note.id));
    } catch (error) {
      setFailure(explain(error));
      setWorking(false);
    }
  }

  return (
    <div className="toast">
      <p>
        <span className="toast-text">“{note.title || 'Untitled'}” was moved to the trash.</span>
        {failure && <strong>It could not be restored. {failure}</strong>}
      </p>
      <button type="button" className="button-primary" disabled={working} onClick={() => void undo()}>
        Undo
      </button>
      <button type="button" className="button-on-dark" onClick={onDismissed}>
        Dismiss
      </button>
    </div>
  );
}
