import createClient from 'openapi-fetch';
import { lost, send, type Reply } from '../http';
import type { components, paths } from './schema';

/** The API's own words for what it takes and answers: made from its document by `npm run types`. */
export type Schemas = components['schemas'];

/** The API, typed by its document. Calls follow the same rules as all others: `http.ts`. */
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

/** What was answered, with its version. */
export async function settled<T>(call: Promise<{ data?: T; response: Response }>, signal?: AbortSignal): Promise<Reply<T>> {
  try {
    const { data, response } = await call;
    return { body: data as T, etag: response.headers.get('etag') };
  } catch (error) {
    throw lost(error, signal);
  }
}
