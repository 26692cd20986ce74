import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { explain } from '../http';
import { withAttempt } from '../notes/drafts';
import { create } from '../notes/notes';
import { Link, navigate } from '../routing';
import { useSession } from '../session/session';
import type { Organization } from './organizations';

/** Shown instead of a page of an organization that the user is no longer a member of. Keeps their unsaved text. */
export function Removed({ organization: { id, name } }: { organization: Organization }) {
  const { drafts } = useSession();
  const unsaved = useSyncExternalStore(drafts.subscribe, drafts.ids).filter(
    (draft) => drafts.get(draft)?.organizationId === id,
  );
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${name} · Lightning`;
    heading.current?.focus();
  }, [name]);

  return (
    <main className="page organizations">
      <h1 ref={heading} tabIndex={-1}>
        You’re no longer a member of this organization
      </h1>
      <p>
        You were removed from <bdi>{name}</bdi>, or it was deleted.
        {unsaved.length > 0 && ' Your unsaved text is kept in this tab:'}
      </p>
      {unsaved.map((draft) => (
        <UnsavedText key={draft} id={draft} />
      ))}
      <Link className="button button-primary" href="/notes">
        Go to your notes
      </Link>
    </main>
  );
}

/** Unsaved text of a note that the user can no longer open. */
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
    <section className="card" aria-label={draft.title || 'Untitled'}>
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
    </section>
  );
}
