import { useRef, useState } from 'react';
import { explain, RequestFailed } from '../http';
import { useSession } from '../session/session';
import { archive, get, isPinned, pin, type Note } from './notes';
import { Sharing } from './Sharing';
import { listShares, removeShare } from './shares';

interface Props {
  note: Note;
  onChanged: (note: Note) => void;
  /** The user has given up access to the note. */
  onLeft: (id: string) => void;
}

/** The actions on a note other than editing. */
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

  /** Runs an action. It does not change the text, so on a version conflict it is retried with the latest version. */
  const change = (action: (note: Note) => Promise<Note>) =>
    once(async () => {
      let changed: Note;
      try {
        changed = await action(note);
      } catch (error) {
        if (!(error instanceof RequestFailed) || error.status !== 412) throw error;
        const latest = await get(note.id);
        onChanged(latest);
        changed = await action(latest);
      }
      // The text is the same, so the draft is now based on the new version.
      const draft = drafts.get(note.id);
      if (draft?.etag === note.etag && changed.title === note.title && changed.body === note.body)
        drafts.set(note.id, { ...draft, etag: changed.etag });
      onChanged(changed);
    });

  const leave = () =>
    once(async () => {
      // Recipients only see their own share.
      for (const share of await listShares(note.id)) if (share.can.delete) await removeShare(share);
      onLeft(note.id);
    });

  const isArchived = note.archivedAt !== null;
  return (
    <>
      <div className="note-actions" role="group" aria-label="Actions">
        {note.can.pin && (
          <button
            type="button"
            className="button-quiet"
            aria-pressed={isPinned(note)}
            onClick={() => void change((current) => pin(current, !isPinned(note)))}
          >
            {isPinned(note) ? 'Unpin' : 'Pin'}
          </button>
        )}
        {note.can.archive && (
          <button
            type="button"
            className="button-quiet"
            onClick={() => void change((current) => archive(current, !isArchived))}
          >
            {isArchived ? 'Unarchive' : 'Archive'}
          </button>
        )}
        {note.can.share && (
          <button type="button" className="button-quiet" onClick={() => setSharing(true)}>
            Share…
          </button>
        )}
        {!note.isOwn && note.organizationId === null && (
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
