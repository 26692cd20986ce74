import createClient from 'openapi-fetch';
import { send, toRequestFailed, type Reply } from '../http';
import type { components, paths } from './schema';

/** The API's schemas. `npm run types` generates them from the OpenAPI document. */
export type Schemas = components['schemas'];

/** The typed API client. It sends requests through `http.ts`. */
export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: async (request) => {
    const init: RequestInit & { headers: Record<string, string> } = {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      signal: request.signal,
    };
    if (request.body !== null) init.body = await request.text();
    return send(request.url.slice(location.origin.length), init);
  },
});

/** Parameters of a request that changes one version of an object. */
export const conditional = ({ id, etag }: { id: string; etag: string }) => ({
  params: { path: { id }, header: { 'If-Match': etag } },
});

/** Awaits a call of the client and returns the body with its ETag. */
export async function unwrap<T>(
  call: Promise<{ data?: T; response: Response }>,
  signal?: AbortSignal,
): Promise<Reply<T>> {
  try {
    const { data, response } = await call;
    return { body: data as T, etag: response.headers.get('etag') };
  } catch (error) {
    throw toRequestFailed(error, signal);
  }
}
