import { useEffect, useState, useSyncExternalStore } from 'react';
import { explain, RequestFailed } from '../http';
import { Link, navigate } from '../routing';
import { useSession } from '../session/session';
import { withAttempt } from './drafts';
import { create, get, type Note } from './notes';
import { useSpace } from './space';

/** Loads a note that is open but not in the list. */
export function FetchedNote({ id, onFetched }: { id: string; onFetched: (note: Note) => void }) {
  const [failure, setFailure] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);

  const { drafts } = useSession();
  const { path, organizationId } = useSpace();
  const [saveError, setSaveError] = useState<string | null>(null);
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
      <p role="status" className="soft notes-loading">
        Loading…
      </p>
    );

  async function saveAsNew() {
    const draft = drafts.get(id);
    if (!draft) return;
    const next = withAttempt(draft);
    drafts.set(id, next);
    setSaveError(null);
    try {
      const saved = await create(next, next.attempt.key, organizationId);
      drafts.remove(id);
      onFetched(saved);
      navigate(`${path}/notes/${saved.id}`);
    } catch (error) {
      setSaveError(explain(error));
    }
  }

  const notFound = failure instanceof RequestFailed && (failure.status === 404 || failure.status === 400);
  return (
    <div className="notes-placeholder" role="alert">
      <h2>{notFound ? 'Note not found' : 'This note could not be loaded'}</h2>
      <p>
        {notFound
          ? draft
            ? 'It was deleted. Your unsaved text:'
            : 'It was deleted, or you do not have access to it.'
          : explain(failure)}
      </p>
      {notFound && draft && (
        <blockquote className="conflict-theirs">
          <strong>{draft.title || 'Untitled'}</strong>
          <p>{draft.body}</p>
        </blockquote>
      )}
      {saveError && <p className="alert alert-danger">Not saved. {saveError}</p>}
      <div className="row">
        {notFound && draft && (
          <button type="button" className="button-primary" onClick={() => void saveAsNew()}>
            Save as new note
          </button>
        )}
        {!notFound && (
          <button type="button" onClick={() => setAttempt((n) => n + 1)}>
            Try again
          </button>
        )}
        <Link className="button" href={`${path}/notes`}>
          Back to list
        </Link>
      </div>
    </div>
  );
}
