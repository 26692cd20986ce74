/** RFC 9457 problem details, with `errors` by field as the API writes them. */
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

/** A call that did not succeed. `status` is 0 when no answer came at all. */
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

/** Calls `listener` whenever any call is answered 401; returns how to stop. */
export function onUnauthorized(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Every call the app makes goes through here, because the BFF refuses one without the X-CSRF header. Fails unless the call succeeded. */
export async function send(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
  let response: Response;
  let problem: unknown;
  try {
    response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers, 'X-CSRF': '1' }, cache: 'no-store' });
    if (!response.ok) problem = await json(response);
  } catch (error) {
    throw lost(error, init.signal);
  }
  if (response.ok) return response;
  if (response.status === 401) for (const listener of listeners) listener();
  throw new RequestFailed(response.status, (problem as Problem | undefined) ?? {});
}

/** A call to an address that the API's document does not know: the BFF's own. */
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
    throw lost(error, signal);
  }
  if (parsed === undefined && response.status !== 204)
    throw new RequestFailed(response.status, { title: 'The server gave an answer that this page does not understand.' });
  return { body: parsed as T, etag: response.headers.get('etag') };
}

/** No answer, or one that broke off; a call that was given up on purpose stays what it is. */
export function lost(error: unknown, signal: AbortSignal | null | undefined): unknown {
  return signal?.aborted || error instanceof RequestFailed ? error : new RequestFailed(0, { title: 'The server could not be reached.' }, error);
}

/** Keeps a stream open whose end is all that it says; resolves at that end, whatever the reason, or at once where there is none. */
export async function follow(path: string, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(path, { headers: { accept: 'text/event-stream', 'X-CSRF': '1' }, cache: 'no-store', signal });
    if (response.status === 401) for (const listener of listeners) listener();
    const reader = response.ok ? response.body?.getReader() : undefined;
    while (reader && !(await reader.read()).done);
  } catch (error) {
    // Cut, which is what was waited for, or out of reach: whoever waits asks why.
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
  }
}

async function json(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const type = response.headers.get('content-type') ?? '';
  return /^application\/(problem\+)?json\b/.test(type) ? response.json() : undefined;
}

/** What a person is told about a failure: what happened, and what they can do. */
export function explain(error: unknown): string {
  if (!(error instanceof RequestFailed)) throw error;
  const { status, problem } = error;
  if (status === 0) return 'The server could not be reached. Check your connection and try again.';
  if (status === 401) return 'Your session has ended.';
  if (status === 403) return problem.detail ?? 'You are not allowed to do that.';
  if (status === 429) return 'Too many requests in a short time. Wait a moment and try again.';
  const reference = problem.traceId ? ` Reference: ${problem.traceId}` : '';
  if (status >= 500) return `Something went wrong on our side. Try again in a moment.${reference}`;
  return `${problem.detail ?? problem.title ?? 'That did not work.'}${reference}`;
}

/** The first message for each field, keyed in camel case whatever case the server used. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof RequestFailed)) return {};
  return Object.fromEntries(
    Object.entries(error.problem.errors ?? {}).flatMap(([field, [message]]) =>
      message === undefined ? [] : [[field.charAt(0).toLowerCase() + field.slice(1), message]],
    ),
  );
}
