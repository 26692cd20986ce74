import { api, settled, type Schemas } from '../api/client';
import type { Reply } from '../http';

/** A note with the version that a later change must name (`If-Match`). */
export type Note = Schemas['NoteView'];
export type Text = Pick<Note, 'title' | 'body'>;
export type Page = Schemas['NotePage'];

/** Which notes a list shows: those at hand, those of others among them, or those put away; with these words in them, where there are any. */
export interface Filter {
  view: View;
  words: string;
}
export type View = 'notes' | 'shared' | 'archive';

const versioned = ({ body, etag }: Reply<Note>): Note => ({ ...body, etag: etag ?? body.etag });
const at = (id: string) => ({ path: { id } });
const at1 = ({ id, etag }: { id: string; etag: string }) => ({ params: { ...at(id), header: { 'If-Match': etag } } });

export async function list({ view, words }: Filter, { after = null, pinned, signal }: { after?: string | null; pinned?: boolean; signal?: AbortSignal } = {}): Promise<Page> {
  const query = {
    limit: pinned ? 100 : 20,
    ...(after !== null && { after }),
    ...(words !== '' && { q: words }),
    ...(view === 'shared' && { shared: true }),
    ...(view === 'archive' && { archived: true }),
    ...(pinned !== undefined && { pinned }),
  };
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

export async function remove(note: Note): Promise<void> {
  await settled(api.DELETE('/api/v1/notes/{id}', at1(note)));
}

export async function pin(note: Note, pinned: boolean): Promise<Note> {
  const path = '/api/v1/notes/{id}/pinned';
  return versioned(await settled(pinned ? api.PUT(path, at1(note)) : api.DELETE(path, at1(note))));
}

export async function archive(note: Note, archived: boolean): Promise<Note> {
  const path = '/api/v1/notes/{id}/archived';
  return versioned(await settled(archived ? api.PUT(path, at1(note)) : api.DELETE(path, at1(note))));
}

/** Puts several away, or takes them out again; answers which. */
export async function archiveAll(ids: string[], archived: boolean, key: string): Promise<string[]> {
  return (await settled(api.POST('/api/v1/notes/archive', { params: { header: { 'Idempotency-Key': key } }, body: { ids, archived } }))).body.ids;
}

export const sameText = (a: Text, b: Text) => a.title === b.title && a.body === b.body;

/** Kept on top by whose it is; somebody with whom it is shared has an order of their own. */
export const isPinned = (note: Note) => note.isOwn && note.pinnedAt !== null;
