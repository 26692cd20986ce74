import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { Dialog } from '../Dialog';
import { explain, fieldErrors } from '../http';
import type { Note } from './notes';
import { allowEditing, listShares, share, removeShare, type Share } from './shares';

/** Shares a note by email address. It does not tell whether an account with the address exists. */
export function Sharing({ note, onClose }: { note: Note; onClose: () => void }) {
  const [shares, setShares] = useState<Share[] | null>(null);
  const [address, setAddress] = useState('');
  const [canEdit, setCanEdit] = useState(false);
  const [working, setWorking] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [status, setStatus] = useState('');
  const input = useRef<HTMLInputElement>(null);
  // A retry of the same share uses the same idempotency key.
  const key = useRef(crypto.randomUUID());

  useEffect(() => {
    const abort = new AbortController();
    listShares(note.id, abort.signal).then(setShares, (error: unknown) => {
      if (!abort.signal.aborted) setFailure(explain(error));
    });
    return () => abort.abort();
  }, [note.id]);

  async function once(work: () => Promise<string>) {
    setWorking(true);
    setError(null);
    setFailure(null);
    try {
      setStatus(await work());
    } catch (error) {
      const field = fieldErrors(error).address;
      if (field === undefined) setFailure(explain(error));
      else {
        setError(field);
        input.current?.focus();
      }
    } finally {
      setWorking(false);
    }
  }

  function add(event: SubmitEvent) {
    event.preventDefault();
    void once(async () => {
      const created = await share(note.id, address.trim(), canEdit, key.current);
      key.current = crypto.randomUUID();
      setShares((now) => [...(now ?? []), created]);
      setAddress('');
      setCanEdit(false);
      input.current?.focus();
      return `Shared with ${created.address}.`;
    });
  }

  const allow = (one: Share, canEdit: boolean) =>
    once(async () => {
      const changed = await allowEditing(one, canEdit);
      setShares((now) => now?.map((other) => (other.id === changed.id ? changed : other)) ?? null);
      return `${one.address} can ${canEdit ? 'edit' : 'view'} the note.`;
    });

  const remove = (one: Share) =>
    once(async () => {
      await removeShare(one);
      setShares((now) => now?.filter((other) => other.id !== one.id) ?? null);
      input.current?.focus();
      return `Removed access for ${one.address}.`;
    });

  return (
    <Dialog heading={`Share “${note.title || 'Untitled'}”`} onClose={onClose}>
      <form onSubmit={add} noValidate className="sharing">
        <div className="field">
          <label htmlFor="share-address">Email address</label>
          <input
            id="share-address"
            ref={input}
            type="email"
            autoComplete="off"
            autoFocus
            placeholder="grace@example.com"
            value={address}
            onChange={(event) => {
              key.current = crypto.randomUUID();
              setAddress(event.target.value);
            }}
            aria-invalid={error !== null}
            aria-describedby={error === null ? 'share-help' : 'share-error'}
          />
          {error === null ? (
            <p id="share-help" className="soft">
              They can see the note once they have verified this address.
            </p>
          ) : (
            <p id="share-error" className="field-error">
              {error}
            </p>
          )}
        </div>
        <label className="choice">
          <input
            type="checkbox"
            checked={canEdit}
            onChange={(event) => {
              key.current = crypto.randomUUID();
              setCanEdit(event.target.checked);
            }}
          />
          Can edit
        </label>
        <button type="submit" className="button-primary" disabled={working}>
          Share
        </button>
      </form>

      <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
      <p role="status" className="visually-hidden">
        {status}
      </p>
      {shares !== null && shares.length > 0 && (
        <ul className="shares" aria-label="Shared with">
          {shares.map((one) => (
            <li key={one.id}>
              <span className="shares-address">{one.address}</span>
              <label className="choice">
                <input
                  type="checkbox"
                  aria-label={`${one.address} can edit`}
                  disabled={working}
                  checked={one.canEdit}
                  onChange={(event) => void allow(one, event.target.checked)}
                />
                Can edit
              </label>
              <button
                type="button"
                aria-label={`Remove access for ${one.address}`}
                disabled={working}
                onClick={() => void remove(one)}
              >
                Remove access
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        <button type="button" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
