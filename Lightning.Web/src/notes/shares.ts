import { api, conditional, unwrap, type Schemas } from '../api/client';

/** A share of a note with an email address. */
export type Share = Schemas['NoteShareView'];

export async function listShares(note: string, signal?: AbortSignal): Promise<Share[]> {
  return (
    await unwrap(
      api.GET('/api/v1/notes/{id}/shares', { params: { path: { id: note } }, ...(signal && { signal }) }),
      signal,
    )
  ).body.items;
}

export async function share(note: string, address: string, canEdit: boolean, key: string): Promise<Share> {
  return (
    await unwrap(
      api.POST('/api/v1/notes/{id}/shares', {
        params: { path: { id: note }, header: { 'Idempotency-Key': key } },
        body: { address, canEdit },
      }),
    )
  ).body;
}

export async function allowEditing(share: Share, canEdit: boolean): Promise<Share> {
  return (await unwrap(api.PUT('/api/v1/shares/{id}', { ...conditional(share), body: { canEdit } }))).body;
}

export async function removeShare(share: Share): Promise<void> {
  await unwrap(api.DELETE('/api/v1/shares/{id}', conditional(share)));
}
