import { useState, type SubmitEvent } from 'react';
import { RequestFailed } from '../http';
import { DeleteOrganization } from './DeleteOrganization';
import { fieldErrorsOf, OrganizationFields, type Fields } from './OrganizationFields';
import { OrganizationHead } from './OrganizationHead';
import { updateOrganization, type Organization } from './organizations';
import { useOrganizations } from './useOrganizations';

/** Renames and deletes an organization. */
export function SettingsPage({ organization }: { organization: Organization }) {
  const { put, reload } = useOrganizations();
  const [fields, setFields] = useState<Fields>({ name: organization.name, slug: organization.slug });
  const [errors, setErrors] = useState<Partial<Fields>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [working, setWorking] = useState(false);
  const [saved, setSaved] = useState(false);
  const [deleting, setDeleting] = useState(false);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (working) return;
    setWorking(true);
    setErrors({});
    setFailure(null);
    setSaved(false);
    try {
      const body = { name: fields.name.trim(), slug: fields.slug.trim() };
      const changed = await updateOrganization(organization, body);
      // With a new slug this also moves to the new address.
      put(changed);
      setFields({ name: changed.name, slug: changed.slug });
      setSaved(true);
    } catch (error) {
      if (error instanceof RequestFailed && error.status === 412) {
        reload();
        setFailure('Not saved: someone else changed the organization. Check the name above and save again.');
      } else {
        const { errors, failure } = fieldErrorsOf(error);
        setErrors(errors);
        setFailure(failure);
      }
    } finally {
      setWorking(false);
    }
  }

  return (
    <main className="page organizations">
      <OrganizationHead organization={organization} page="settings" />
      <section aria-labelledby="name-heading">
        <h2 id="name-heading">Name and address</h2>
        <form onSubmit={(event) => void submit(event)} noValidate>
          <OrganizationFields
            fields={fields}
            errors={errors}
            readOnly={!organization.can.update}
            onChange={(change) => {
              setFields((now) => ({ ...now, ...change }));
              setSaved(false);
            }}
          />
          {organization.can.update && fields.slug !== organization.slug && (
            <p className="soft">Links to the old address will stop working.</p>
          )}
          <div role="alert">{failure && <p className="alert alert-danger">{failure}</p>}</div>
          {organization.can.update ? (
            <div className="row">
              <button type="submit" className="button-primary" disabled={working}>
                Save
              </button>
              <span role="status" className="soft">
                {saved && 'Saved'}
              </span>
            </div>
          ) : (
            <p className="soft">Only owners and admins can change the name and the address.</p>
          )}
        </form>
      </section>
      {organization.can.delete && (
        <section aria-labelledby="delete-heading">
          <h2 id="delete-heading">Delete organization</h2>
          <p>All members lose access to the organization and its notes.</p>
          <button type="button" className="button-danger" onClick={() => setDeleting(true)}>
            Delete organization…
          </button>
        </section>
      )}
      {deleting && <DeleteOrganization organization={organization} onClose={() => setDeleting(false)} />}
    </main>
  );
}
