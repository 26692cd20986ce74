import { api, conditional, unwrap, type Schemas } from '../api/client';
import { RequestFailed } from '../http';
import { get, versioned, type Note } from './notes';

/** A deleted note. It is kept for 30 days. */
export type DeletedNote = Schemas['DeletedNoteView'];
export type TrashPage = Schemas['TrashPage'];

/** The deleted notes of an organization, or with null those of the personal space. */
export async function listTrash(
  organizationId: string | null,
  after: string | null,
  signal: AbortSignal,
): Promise<TrashPage> {
  const query = {
    limit: 50,
    ...(organizationId !== null && { organization: organizationId }),
    ...(after !== null && { after }),
  };
  return (await unwrap(api.GET('/api/v1/notes/trash', { params: { query }, signal }), signal)).body;
}

/** Restores a note with its shares. A note that is restored already is returned as it is. */
export async function restore(id: string): Promise<Note> {
  try {
    return versioned(await unwrap(api.POST('/api/v1/notes/{id}/restore', { params: { path: { id } } })));
  } catch (error) {
    // The response of a first attempt may have been lost.
    if (!(error instanceof RequestFailed) || error.status !== 404) throw error;
    return get(id);
  }
}

export async function removePermanently(note: DeletedNote): Promise<void> {
  await unwrap(api.DELETE('/api/v1/notes/trash/{id}', conditional(note)));
}
