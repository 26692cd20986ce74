import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { hasMoved, Link, navigate } from '../routing';
import { fieldErrorsOf, OrganizationFields, type Fields } from './OrganizationFields';
import { createOrganization, suggestSlug } from './organizations';
import { useOrganizations } from './useOrganizations';

export function NewOrganization() {
  const { put } = useOrganizations();
  const [fields, setFields] = useState<Fields>({ name: '', slug: '' });
  const [isSuggested, setIsSuggested] = useState(true);
  const [errors, setErrors] = useState<Partial<Fields>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [working, setWorking] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  // A retry with the same fields uses the same idempotency key.
  const key = useRef(crypto.randomUUID());

  useEffect(() => {
    document.title = 'New organization · Lightning';
    if (hasMoved()) heading.current?.focus();
  }, []);

  function edit(change: Partial<Fields>) {
    key.current = crypto.randomUUID();
    const suggest = isSuggested && change.slug === undefined;
    if (change.slug !== undefined) setIsSuggested(false);
    setFields((now) => ({ ...now, ...change, ...(suggest && { slug: suggestSlug(change.name ?? now.name) }) }));
  }

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (working) return;
    setWorking(true);
    setErrors({});
    setFailure(null);
    try {
      const created = await createOrganization(fields.name.trim(), fields.slug.trim(), key.current);
      put(created);
      navigate(`/o/${created.slug}/members`);
    } catch (error) {
      const { errors, failure } = fieldErrorsOf(error);
      setErrors(errors);
      setFailure(failure);
      setWorking(false);
    }
  }

  return (
    <main className="page-narrow">
      <h1 ref={heading} tabIndex={-1}>
        New organization
      </h1>
      <p>An organization has its own notes, which all its members can read and edit.</p>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <OrganizationFields fields={fields} errors={errors} onChange={edit} />
        <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
        <div className="row">
          <button type="submit" className="button-primary" disabled={working}>
            Create organization
          </button>
          <Link className="button button-quiet" href="/organizations">
            Cancel
          </Link>
        </div>
      </form>
    </main>
  );
}
