import { api, settled, type Schemas } from '../api/client';

/** That a note is shared with an address. */
export type Share = Schemas['NoteShareView'];

const one = ({ id, etag }: Share) => ({ params: { path: { id }, header: { 'If-Match': etag } } });

export async function listShares(note: string, signal?: AbortSignal): Promise<Share[]> {
  return (await settled(api.GET('/api/v1/notes/{id}/shares', { params: { path: { id: note } }, ...(signal && { signal }) }), signal)).body.items;
}

export async function share(note: string, address: string, canEdit: boolean, key: string): Promise<Share> {
  return (await settled(api.POST('/api/v1/notes/{id}/shares', { params: { path: { id: note }, header: { 'Idempotency-Key': key } }, body: { address, canEdit } }))).body;
}

export async function allowEditing(share: Share, canEdit: boolean): Promise<Share> {
  return (await settled(api.PUT('/api/v1/shares/{id}', { ...one(share), body: { canEdit } }))).body;
}

export async function takeBack(share: Share): Promise<void> {
  await settled(api.DELETE('/api/v1/shares/{id}', one(share)));
}
