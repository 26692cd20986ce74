import { api, settled, type Schemas } from '../api/client';
import type { Reply } from '../http';

/** A note with the version that a later change must name (`If-Match`). */
export type Note = Schemas['NoteView'];
export type Text = Pick<Note, 'title' | 'body'>;
export type Page = Schemas['NotePage'];

const versioned = ({ body, etag }: Reply<Note>): Note => ({ ...body, etag: etag ?? body.etag });
const at = (id: string) => ({ path: { id } });

export async function list(after: string | null, signal?: AbortSignal): Promise<Page> {
  const query = { limit: 20, ...(after !== null && { after }) };
  return (await settled(api.GET('/api/v1/notes', { params: { query }, ...(signal && { signal }) }), signal)).body;
}

export async function get(id: string, signal?: AbortSignal): Promise<Note> {
  return versioned(await settled(api.GET('/api/v1/notes/{id}', { params: at(id), ...(signal && { signal }) }), signal));
}

/** `key` makes a second attempt safe: the server answers it with the note that the first one made. */
export async function create({ title, body }: Text, key: string): Promise<Note> {
  return versioned(await settled(api.POST('/api/v1/notes', { params: { header: { 'Idempotency-Key': key } }, body: { title, body } })));
}

export async function update(id: string, { title, body }: Text, etag: string): Promise<Note> {
  return versioned(await settled(api.PUT('/api/v1/notes/{id}', { params: { ...at(id), header: { 'If-Match': etag } }, body: { title, body } })));
}

export async function remove({ id, etag }: Note): Promise<void> {
  await settled(api.DELETE('/api/v1/notes/{id}', { params: { ...at(id), header: { 'If-Match': etag } } }));
}

export const sameText = (a: Text, b: Text) => a.title === b.title && a.body === b.body;
