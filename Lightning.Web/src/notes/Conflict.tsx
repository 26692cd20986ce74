import { useEffect, useRef } from 'react';
import { Ago } from './Ago';
import type { Note } from './notes';

interface Props {
  /** What the server holds now; null when the note was deleted there. */
  theirs: Note | null;
  working: boolean;
  onMine: () => void;
  onTheirs: () => void;
  onBoth: () => void;
}

/** Another tab or device was faster. Both versions stay on the page until the person has chosen. */
export function Conflict({ theirs, working, onMine, onTheirs, onBoth }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);

  if (!theirs)
    return (
      <div className="conflict">
        <h3 ref={heading} tabIndex={-1}>
          Deleted in another place
        </h3>
        <p>While you were writing, this note was deleted. Your text is still above, and you can keep it as a fresh one.</p>
        <div className="row">
          <button type="button" className="button-primary" disabled={working} onClick={onBoth}>
            Keep mine
          </button>
          <button type="button" disabled={working} onClick={onTheirs}>
            Let it go
          </button>
        </div>
      </div>
    );

  return (
    <div className="conflict">
      <h3 ref={heading} tabIndex={-1}>
        Changed in another place
      </h3>
      <p>
        While you were writing, another version of this was stored, <Ago at={theirs.updatedAt} />. Yours is above and not lost; the other one reads:
      </p>
      <blockquote className="conflict-theirs">
        <strong>{theirs.title || 'Untitled'}</strong>
        <p>{theirs.body}</p>
      </blockquote>
      <div className="row">
        <button type="button" className="button-primary" disabled={working} onClick={onBoth}>
          Keep both
        </button>
        <button type="button" disabled={working} onClick={onMine}>
          Keep mine
        </button>
        <button type="button" disabled={working} onClick={onTheirs}>
          Keep the other
        </button>
      </div>
    </div>
  );
}
