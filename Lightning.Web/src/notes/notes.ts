import { api, conditional, unwrap, type Schemas } from '../api/client';
import type { Reply } from '../http';

/** A note with its version, which updates must send as `If-Match`. */
export type Note = Schemas['NoteView'];
export type Text = Pick<Note, 'title' | 'body'>;
export type Page = Schemas['NotePage'];

/** Which notes a list shows. An empty `search` does not filter. `organizationId` is null for the personal space. */
export interface Filter {
  organizationId: string | null;
  view: View;
  search: string;
}
export type View = 'notes' | 'shared' | 'archive';

export const versioned = ({ body, etag }: Reply<Note>): Note => ({ ...body, etag: etag ?? body.etag });
const pathOf = (id: string) => ({ path: { id } });

export async function list(
  { organizationId, view, search }: Filter,
  { after = null, pinned, signal }: { after?: string | null; pinned?: boolean; signal?: AbortSignal } = {},
): Promise<Page> {
  const query = {
    limit: pinned ? 100 : 20,
    ...(organizationId !== null && { organization: organizationId }),
    ...(after !== null && { after }),
    ...(search !== '' && { q: search }),
    ...(view === 'shared' && { shared: true }),
    ...(view === 'archive' && { archived: true }),
    ...(pinned !== undefined && { pinned }),
  };
  return (await unwrap(api.GET('/api/v1/notes', { params: { query }, ...(signal && { signal }) }), signal)).body;
}

export async function get(id: string, signal?: AbortSignal): Promise<Note> {
  return versioned(
    await unwrap(api.GET('/api/v1/notes/{id}', { params: pathOf(id), ...(signal && { signal }) }), signal),
  );
}

/** `key` makes a retry safe: it returns the note that the first attempt created. */
export async function create({ title, body }: Text, key: string, organizationId: string | null): Promise<Note> {
  return versioned(
    await unwrap(
      api.POST('/api/v1/notes', {
        params: {
          header: { 'Idempotency-Key': key },
          ...(organizationId !== null && { query: { organization: organizationId } }),
        },
        body: { title, body },
      }),
    ),
  );
}

export async function update(id: string, { title, body }: Text, etag: string): Promise<Note> {
  return versioned(
    await unwrap(api.PUT('/api/v1/notes/{id}', { ...conditional({ id, etag }), body: { title, body } })),
  );
}

export async function remove(note: Note): Promise<void> {
  await unwrap(api.DELETE('/api/v1/notes/{id}', conditional(note)));
}

export async function pin(note: Note, pinned: boolean): Promise<Note> {
  const path = '/api/v1/notes/{id}/pinned';
  return versioned(await unwrap(pinned ? api.PUT(path, conditional(note)) : api.DELETE(path, conditional(note))));
}

export async function archive(note: Note, archived: boolean): Promise<Note> {
  const path = '/api/v1/notes/{id}/archived';
  return versioned(await unwrap(archived ? api.PUT(path, conditional(note)) : api.DELETE(path, conditional(note))));
}

/** Archives or unarchives notes. Returns the ids of those that were changed. */
export async function archiveAll(ids: string[], archived: boolean, key: string): Promise<string[]> {
  return (
    await unwrap(
      api.POST('/api/v1/notes/archive', { params: { header: { 'Idempotency-Key': key } }, body: { ids, archived } }),
    )
  ).body.ids;
}

export const sameText = (a: Text, b: Text) => a.title === b.title && a.body === b.body;

/** The pin of a personal note applies to its owner, not to recipients. */
export const isPinned = (note: Note) => note.pinnedAt !== null && (note.isOwn || note.organizationId !== null);
