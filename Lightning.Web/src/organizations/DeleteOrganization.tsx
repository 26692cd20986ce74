import { useEffect, useState, type SubmitEvent } from 'react';
import { Dialog } from '../Dialog';
import { explain, RequestFailed } from '../http';
import { navigate } from '../routing';
import { deleteOrganization, getContents, type Contents, type Organization } from './organizations';
import { useOrganizations } from './useOrganizations';

interface Props {
  organization: Organization;
  onClose: () => void;
}

/** Says what is deleted with the organization, and asks to type its name. */
export function DeleteOrganization({ organization, onClose }: Props) {
  const { id, name } = organization;
  const { drop, reload } = useOrganizations();
  const [contents, setContents] = useState<Contents | null>(null);
  const [typed, setTyped] = useState('');
  const [working, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  useEffect(() => {
    const abort = new AbortController();
    getContents(id, abort.signal).then(setContents, (error: unknown) => {
      if (!abort.signal.aborted) setFailure(explain(error));
    });
    return () => abort.abort();
  }, [id]);

  const isConfirmed = typed.trim() === name.trim();

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!isConfirmed || working) return;
    setWorking(true);
    setFailure(null);
    try {
      await deleteOrganization(organization);
      navigate('/organizations');
      drop(id);
    } catch (error) {
      const isChanged = error instanceof RequestFailed && error.status === 412;
      if (isChanged) reload();
      setFailure(isChanged ? 'Someone else changed the organization. Check it and try again.' : explain(error));
      setWorking(false);
    }
  }

  return (
    <Dialog heading={`Delete ${name}?`} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p role="status">{contents ? describe(contents) : failure ? '' : 'Loading…'}</p>
        <div className="field">
          <label htmlFor="delete-name">
            Type “<bdi>{name}</bdi>” to confirm
          </label>
          <input
            id="delete-name"
            dir="auto"
            autoComplete="off"
            autoFocus
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
        <div className="row">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button-danger" disabled={!isConfirmed || contents === null || working}>
            Delete organization
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const count = (number: number, one: string) => `${number.toLocaleString('en')} ${one}${number === 1 ? '' : 's'}`;

function describe({ notes, members, invitations }: Contents): string {
  const deleted = `This deletes ${count(notes, 'note')} and removes ${count(members, 'member')}.`;
  return invitations === 0 ? deleted : `${deleted} It also revokes ${count(invitations, 'open invitation')}.`;
}
