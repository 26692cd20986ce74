import { useEffect, useRef } from 'react';
import { explain, fieldErrors, RequestFailed } from '../http';

export interface Fields {
  name: string;
  slug: string;
}

interface Props {
  fields: Fields;
  errors: Partial<Fields>;
  readOnly?: boolean;
  onChange: (change: Partial<Fields>) => void;
}

/** The fields of an organization. The first one with an error gets the focus. */
export function OrganizationFields({ fields, errors, readOnly = false, onChange }: Props) {
  const name = useRef<HTMLInputElement>(null);
  const slug = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (errors.name) name.current?.focus();
    else if (errors.slug) slug.current?.focus();
  }, [errors]);

  return (
    <>
      <div className="field">
        <label htmlFor="organization-name">Name</label>
        <input
          id="organization-name"
          ref={name}
          dir="auto"
          autoComplete="off"
          readOnly={readOnly}
          value={fields.name}
          onChange={(event) => onChange({ name: event.target.value })}
          aria-invalid={errors.name !== undefined}
          aria-describedby={errors.name && 'organization-name-error'}
        />
        {errors.name && (
          <p id="organization-name-error" className="field-error">
            {errors.name}
          </p>
        )}
      </div>
      <div className="field">
        <label htmlFor="organization-slug">Address</label>
        <input
          id="organization-slug"
          ref={slug}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          readOnly={readOnly}
          value={fields.slug}
          onChange={(event) => onChange({ slug: event.target.value })}
          aria-invalid={errors.slug !== undefined}
          aria-describedby={errors.slug ? 'organization-slug-error' : 'organization-slug-hint'}
        />
        {errors.slug ? (
          <p id="organization-slug-error" className="field-error">
            {errors.slug}
          </p>
        ) : (
          <p id="organization-slug-hint" className="field-hint">
            {`${location.host}/o/${fields.slug || '…'}/notes`}
          </p>
        )}
      </div>
    </>
  );
}

/** The errors by field, and a message for any other failure. */
export function fieldErrorsOf(error: unknown): { errors: Partial<Fields>; failure: string | null } {
  if (isProblem(error, 'slug-taken'))
    return { errors: { slug: 'This address is already taken. Choose another one.' }, failure: null };
  const { name, slug } = fieldErrors(error);
  const errors = { ...(name !== undefined && { name }), ...(slug !== undefined && { slug }) };
  return { errors, failure: Object.keys(errors).length > 0 ? null : explain(error) };
}

/** Whether a request failed with this problem of the API. */
export const isProblem = (error: unknown, name: string) =>
  error instanceof RequestFailed && (error.problem.type ?? '').endsWith(`/${name}`);
