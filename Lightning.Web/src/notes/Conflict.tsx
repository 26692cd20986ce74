import { useEffect, useRef } from 'react';
import { Ago } from './Ago';
import type { Note } from './notes';

interface Props {
  /** The current version on the server; null if the note was deleted. */
  theirs: Note | null;
  working: boolean;
  onMine: () => void;
  onTheirs: () => void;
  onBoth: () => void;
}

/** Resolves an edit conflict. Both versions stay on the page until the user has chosen one. */
export function Conflict({ theirs, working, onMine, onTheirs, onBoth }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  if (!theirs)
    return (
      <div className="conflict">
        <h3 ref={heading} tabIndex={-1}>
          Conflict: this note was deleted.
        </h3>
        <p>Your text is kept above. You can save it as a new note.</p>
        <div className="row">
          <button type="button" className="button-primary" disabled={working} onClick={onBoth}>
            Save as new note
          </button>
          <button type="button" disabled={working} onClick={onTheirs}>
            Discard my text
          </button>
        </div>
      </div>
    );

  return (
    <div className="conflict">
      <h3 ref={heading} tabIndex={-1}>
        Conflict: this note was changed by someone else.
      </h3>
      <p>
        Your text is kept above. This version was saved <Ago at={theirs.updatedAt} />:
      </p>
      <blockquote className="conflict-theirs">
        <strong>{theirs.title || 'Untitled'}</strong>
        <p>{theirs.body}</p>
      </blockquote>
      <div className="row">
        <button type="button" className="button-primary" disabled={working} onClick={onBoth}>
          Keep both versions
        </button>
        <button type="button" disabled={working} onClick={onMine}>
          Keep my version
        </button>
        <button type="button" disabled={working} onClick={onTheirs}>
          Discard my version
        </button>
      </div>
    </div>
  );
}
