/** Problem details (RFC 9457), with the validation errors by field. */
export interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  traceId?: string;
  errors?: Record<string, string[]>;
}

export interface Reply<T> {
  body: T;
  etag: string | null;
}

/** A failed request. `status` is 0 if there was no response. */
export class RequestFailed extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem, cause?: unknown) {
    super(problem.title ?? `HTTP ${status}`, { cause });
    this.status = status;
    this.problem = problem;
  }
}

interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const listeners = new Set<() => void>();

/** Calls `listener` on each 401 response. Returns a function that unsubscribes. */
export function onUnauthorized(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Sends a request with the X-CSRF header, which the BFF requires. Throws `RequestFailed` unless it succeeds. */
export async function send(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
  let response: Response;
  let problem: unknown;
  try {
    response = await fetch(path, {
      ...init,
      headers: { accept: 'application/json', ...init.headers, 'X-CSRF': '1' },
      cache: 'no-store',
    });
    if (!response.ok) problem = await json(response);
  } catch (error) {
    throw toRequestFailed(error, init.signal);
  }
  if (response.ok) return response;
  if (response.status === 401) for (const listener of listeners) listener();
  throw new RequestFailed(response.status, (problem as Problem | undefined) ?? {});
}

/** Calls an endpoint of the BFF, which is not in the API's OpenAPI document. */
export async function call<T>(path: string, { method = 'GET', body, headers, signal }: Call = {}): Promise<Reply<T>> {
  const init: RequestInit & { headers: Record<string, string> } = {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    signal: signal ?? null,
  };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await send(path, init);
  let parsed: unknown;
  try {
    parsed = await json(response);
  } catch (error) {
    throw toRequestFailed(error, signal);
  }
  if (parsed === undefined && response.status !== 204)
    throw new RequestFailed(response.status, { title: 'The server sent an unexpected response.' });
  return { body: parsed as T, etag: response.headers.get('etag') };
}

/** Converts a network error to `RequestFailed`. An aborted request keeps its error. */
export function toRequestFailed(error: unknown, signal: AbortSignal | null | undefined): unknown {
  return signal?.aborted || error instanceof RequestFailed
    ? error
    : new RequestFailed(0, { title: 'The server could not be reached.' }, error);
}

async function json(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const type = response.headers.get('content-type') ?? '';
  return /^application\/(problem\+)?json\b/.test(type) ? response.json() : undefined;
}

/** The message for a failed request: what happened and what the user can do. */
export function explain(error: unknown): string {
  if (!(error instanceof RequestFailed)) throw error;
  const { status, problem } = error;
  if (status === 0) return 'The server could not be reached. Check your connection and try again.';
  if (status === 401) return 'Your session has ended.';
  // The detail names the rules of the API, for developers.
  if (problem.type === '/problems/not-allowed') return 'You do not have permission to do this.';
  if (status === 403) return problem.detail ?? 'You are not allowed to do this.';
  if (status === 429) return 'Too many requests. Wait a moment and try again.';
  const reference = problem.traceId ? ` Reference: ${problem.traceId}` : '';
  if (status >= 500) return `Something went wrong on our side. Try again in a moment.${reference}`;
  return `${problem.detail ?? problem.title ?? 'The request failed.'}${reference}`;
}

/** The first error of each field, with the field in camel case. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof RequestFailed)) return {};
  return Object.fromEntries(
    Object.entries(error.problem.errors ?? {}).flatMap(([field, [message]]) =>
      message === undefined ? [] : [[field.charAt(0).toLowerCase() + field.slice(1), message]],
    ),
  );
}
