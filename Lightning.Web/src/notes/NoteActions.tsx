import { useRef, useState } from 'react';
import { explain, RequestFailed } from '../http';
import { useSession } from '../session/session';
import { archive, get, isPinned, pin, type Note } from './notes';
import { Sharing } from './Sharing';
import { listShares, takeBack } from './shares';

interface Props {
  note: Note;
  onChanged: (note: Note) => void;
  /** It is no longer the person's to see. */
  onLeft: (id: string) => void;
}

/** What can be done to a note besides writing in it. */
export function NoteActions({ note, onChanged, onLeft }: Props) {
  const { drafts } = useSession();
  const [failure, setFailure] = useState<string | null>(null);
  const [sharing, setSharing] = useState(false);
  const busy = useRef(false);

  async function once(work: () => Promise<void>) {
    if (busy.current) return;
    busy.current = true;
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(explain(error));
    } finally {
      busy.current = false;
    }
  }

  /** None of these touches the text, so a newer version of it is no reason to ask. */
  const change = (act: (note: Note) => Promise<Note>) =>
    once(async () => {
      let changed: Note;
      try {
        changed = await act(note);
      } catch (error) {
        if (!(error instanceof RequestFailed) || error.status !== 412) throw error;
        const latest = await get(note.id);
        onChanged(latest);
        changed = await act(latest);
      }
      // What is being written was begun on the version before, whose text this one has.
      const draft = drafts.get(note.id);
      if (draft?.etag === note.etag && changed.title === note.title && changed.body === note.body) drafts.set(note.id, { ...draft, etag: changed.etag });
      onChanged(changed);
    });

  const leave = () =>
    once(async () => {
      // Of another's note a person sees the share that was given to them, and no other.
      for (const share of await listShares(note.id)) if (share.can.delete) await takeBack(share);
      onLeft(note.id);
    });

  const isArchived = note.archivedAt !== null;
  return (
    <>
      <div className="note-actions" role="group" aria-label="Actions">
        {note.can.pin && (
          <button type="button" className="button-quiet" aria-pressed={isPinned(note)} onClick={() => void change((it) => pin(it, !isPinned(note)))}>
            {isPinned(note) ? 'Unpin' : 'Pin'}
          </button>
        )}
        {note.can.archive && (
          <button type="button" className="button-quiet" onClick={() => void change((it) => archive(it, !isArchived))}>
            {isArchived ? 'Take out of the archive' : 'Archive'}
          </button>
        )}
        {note.can.share && (
          <button type="button" className="button-quiet" onClick={() => setSharing(true)}>
            Share…
          </button>
        )}
        {!note.isOwn && (
          <button type="button" className="button-quiet" onClick={() => void leave()}>
            Remove from my notes
          </button>
        )}
      </div>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
      {sharing && <Sharing note={note} onClose={() => setSharing(false)} />}
    </>
  );
}
