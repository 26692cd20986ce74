import { useEffect, useState, useSyncExternalStore } from 'react';
import { explain, RequestFailed } from '../http';
import { Link, navigate } from '../routing';
import { useSession } from '../session/session';
import { attempted } from './drafts';
import { create, get, type Note } from './notes';

/** A note that was asked for by its address and is not among those listed: fetched, or said to be absent. */
export function FetchedNote({ id, onFetched }: { id: string; onFetched: (note: Note) => void }) {
  const [failure, setFailure] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);

  const { drafts } = useSession();
  const [rescuing, setRescuing] = useState<string | null>(null);
  const draft = useSyncExternalStore(drafts.subscribe, () => drafts.get(id));

  useEffect(() => {
    const abort = new AbortController();
    setFailure(null);
    get(id, abort.signal).then(onFetched, (error: unknown) => {
      if (!abort.signal.aborted) setFailure(error);
    });
    return () => abort.abort();
  }, [id, attempt, onFetched]);

  if (failure === null)
    return (
      <p role="status" className="soft notes-waiting">
        Loading…
      </p>
    );

  async function rescue() {
    const draft = drafts.get(id);
    if (!draft) return;
    const trying = attempted(draft);
    drafts.set(id, trying);
    setRescuing(null);
    try {
      const saved = await create(trying, trying.attempt.key);
      drafts.remove(id);
      onFetched(saved);
      navigate(`/notes/${saved.id}`);
    } catch (error) {
      setRescuing(explain(error));
    }
  }

  const absent = failure instanceof RequestFailed && (failure.status === 404 || failure.status === 400);
  return (
    <div className="notes-nothing" role="alert">
      <h2>{absent ? 'There is no such note' : 'This note could not be loaded'}</h2>
      <p>{absent ? draft ? 'It was deleted in another place. What you had not saved is still here:' : 'It may have been deleted, or it was never yours.' : explain(failure)}</p>
      {absent && draft && (
        <blockquote className="conflict-theirs">
          <strong>{draft.title || 'Untitled'}</strong>
          <p>{draft.body}</p>
        </blockquote>
      )}
      {rescuing && <p className="alert alert-danger">Not saved. {rescuing}</p>}
      <div className="row">
        {absent && draft && (
          <button type="button" className="button-primary" onClick={() => void rescue()}>
            Keep my text as a fresh one
          </button>
        )}
        {!absent && (
          <button type="button" onClick={() => setAttempt((n) => n + 1)}>
            Try again
          </button>
        )}
        <Link className="button" href="/notes">
          Back to the list
        </Link>
      </div>
    </div>
  );
}
