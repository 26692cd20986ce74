import { useState } from 'react';
import { explain } from '../http';
import type { Draft } from './drafts';
import { create, type Note } from './notes';

export interface Removed {
  note: Note;
  /** What was written over it and not saved; undoing brings that back too. */
  draft: Draft | null;
}

interface Props {
  removed: Removed | null;
  onRestored: (note: Note) => void;
  onDismissed: () => void;
}

/** Says that a note is gone and offers it back. It waits for the person: no clock takes the offer away. */
export function Deleted({ removed, onRestored, onDismissed }: Props) {
  return (
    <div role="status" className="toast-place">
      {removed && <Offer key={removed.note.id} note={removed.note} onRestored={onRestored} onDismissed={onDismissed} />}
    </div>
  );
}

function Offer({ note, onRestored, onDismissed }: { note: Note } & Omit<Props, 'removed'>) {
  const [key] = useState(() => crypto.randomUUID());
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  async function undo() {
    setWorking(true);
    setFailure(null);
    try {
      onRestored(await create(note, key));
    } catch (error) {
      setFailure(explain(error));
      setWorking(false);
    }
  }

  return (
    <div className="toast">
      <p>
        <span className="toast-words">“{note.title || 'Untitled'}” is deleted.</span>
        {failure && <strong>It could not be brought back. {failure}</strong>}
      </p>
      <button type="button" className="button-primary" disabled={working} onClick={() => void undo()}>
        Undo
      </button>
      <button type="button" className="button-storm" onClick={onDismissed}>
        Dismiss
      </button>
    </div>
  );
}
