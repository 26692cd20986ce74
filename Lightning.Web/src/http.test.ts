import { expect, test, vi } from 'vitest';
import { call, explain, fieldErrors, onUnauthorized, RequestFailed } from './http';

const answer = (status: number, body: unknown, type = 'application/problem+json') =>
  vi.stubGlobal(
    'fetch',
    vi.fn<typeof fetch>(() =>
      Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': type } })),
    ),
  );

const failure = async () =>
  call('/api').then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

test('Call_sends_the_CSRF_header_and_bypasses_the_cache', async () => {
  answer(200, {}, 'application/json');
  await call('/bff/user');
  expect(fetch).toHaveBeenCalledWith(
    '/bff/user',
    expect.objectContaining({ cache: 'no-store', headers: expect.objectContaining({ 'X-CSRF': '1' }) as unknown }),
  );
});

test('Call_without_response_fails_with_status_0', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await failure()).toMatchObject({ status: 0 });
});

test('Call_with_HTML_response_fails', async () => {
  answer(200, '<!doctype html>', 'text/html');
  expect(await failure()).toBeInstanceOf(RequestFailed);
});

test('Call_with_401_notifies_listeners_until_they_unsubscribe', async () => {
  answer(401, { title: 'Not signed in' });
  const listener = vi.fn();
  const stop = onUnauthorized(listener);
  await failure();
  stop();
  await failure();
  expect(listener).toHaveBeenCalledTimes(1);
});

test('FieldErrors_convert_names_to_camel_case', async () => {
  answer(400, { errors: { Title: ['Too long.', 'Too dull.'], body: [] } });
  expect(fieldErrors(await failure())).toEqual({ title: 'Too long.' });
});

test('Explain_server_error_has_the_trace_id_and_no_detail', async () => {
  answer(500, { detail: 'NullReferenceException', traceId: 'abc123' });
  const message = explain(await failure());
  expect(message).toContain('abc123');
  expect(message).not.toContain('NullReference');
});

test.each([
  [{ type: '/problems/not-allowed', detail: 'Update denied: not owner.' }, 'You do not have permission to do this.'],
  [{ type: '/problems/acting', detail: 'Stop the impersonation first.' }, 'Stop the impersonation first.'],
  [{}, 'You are not allowed to do this.'],
])('Explain_refusal_%o_says_%s', async (problem, message) => {
  answer(403, problem);
  expect(explain(await failure())).toBe(message);
});

test('Explain_rethrows_other_errors', () => {
  expect(() => explain(new TypeError('bug'))).toThrow('bug');
});
