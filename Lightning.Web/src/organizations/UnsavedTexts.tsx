import { useState, useSyncExternalStore } from 'react';
import { explain } from '../http';
import { withAttempt } from '../notes/drafts';
import { create } from '../notes/notes';
import { navigate } from '../routing';
import { useSession } from '../session/session';
import { useOrganizations } from './useOrganizations';

/** The unsaved texts of organizations that the user is no longer a member of. Nothing if there are none. */
export function UnsavedTexts() {
  const { drafts } = useSession();
  const { phase, organizations } = useOrganizations();
  const ids = useSyncExternalStore(drafts.subscribe, drafts.ids).filter((id) => {
    const organizationId = drafts.get(id)?.organizationId ?? null;
    return organizationId !== null && !organizations.some((one) => one.id === organizationId);
  });
  if (phase !== 'ready' || ids.length === 0) return null;
  return (
    <section aria-labelledby="unsaved-texts">
      <h2 id="unsaved-texts">Your unsaved text</h2>
      <p>You can no longer save this text in its organization. It is kept in this tab.</p>
      {ids.map((id) => (
        <UnsavedText key={id} id={id} />
      ))}
    </section>
  );
}

function UnsavedText({ id }: { id: string }) {
  const { drafts } = useSession();
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const draft = drafts.get(id);
  if (!draft) return null;

  async function save() {
    if (!draft) return;
    const next = withAttempt(draft);
    drafts.set(id, next);
    setWorking(true);
    setFailure(null);
    try {
      const saved = await create(next, next.attempt.key, null);
      drafts.remove(id);
      navigate(`/notes/${saved.id}`);
    } catch (error) {
      setFailure(`Not saved. ${explain(error)}`);
      setWorking(false);
    }
  }

  return (
    <div className="card">
      <blockquote className="conflict-theirs" dir="auto">
        <strong>{draft.title || 'Untitled'}</strong>
        <p>{draft.body}</p>
      </blockquote>
      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
      <div className="row">
        <button type="button" className="button-primary" disabled={working} onClick={() => void save()}>
          Save to my notes
        </button>
        <button type="button" className="button-danger" disabled={working} onClick={() => drafts.remove(id)}>
          Discard
        </button>
      </div>
    </div>
  );
}
