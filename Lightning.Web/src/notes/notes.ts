import { call, type Reply } from '../http';

export interface Text {
  title: string;
  body: string;
}

/** A note with the version that a later change must name (`If-Match`). */
export interface Note extends Text {
  id: string;
  createdAt: string;
  updatedAt: string;
  etag: string;
  can: { update: boolean; delete: boolean };
}

export interface Page {
  items: Note[];
  next: string | null;
}

const root = '/api/v1/notes';
const at = (id: string) => `${root}/${encodeURIComponent(id)}`;
const versioned = ({ body, etag }: Reply<Note>): Note => ({ ...body, etag: etag ?? body.etag });

export async function list(after: string | null, signal?: AbortSignal): Promise<Page> {
  const query = new URLSearchParams({ limit: '20', ...(after !== null && { after }) });
  return (await call<Page>(`${root}?${query}`, { signal })).body;
}

export async function get(id: string, signal?: AbortSignal): Promise<Note> {
  return versioned(await call<Note>(at(id), { signal }));
}

/** `key` makes a second attempt safe: the server answers it with the note that the first one made. */
export async function create({ title, body }: Text, key: string): Promise<Note> {
  return versioned(await call<Note>(root, { method: 'POST', body: { title, body }, headers: { 'Idempotency-Key': key } }));
}

export async function update(id: string, { title, body }: Text, etag: string): Promise<Note> {
  return versioned(await call<Note>(at(id), { method: 'PUT', body: { title, body }, headers: { 'If-Match': etag } }));
}

export async function remove({ id, etag }: Note): Promise<void> {
  await call<undefined>(at(id), { method: 'DELETE', headers: { 'If-Match': etag } });
}

export const sameText = (a: Text, b: Text) => a.title === b.title && a.body === b.body;
