import { expect, test, vi } from 'vitest';
import { call, explain, fieldErrors, onUnauthorized, RequestFailed } from './http';

const answer = (status: number, body: unknown, type = 'application/problem+json') =>
  vi.stubGlobal('fetch', vi.fn<typeof fetch>(() => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': type } }))));

const failure = async () => call('/api').then(() => expect.unreachable(), (error: unknown) => error);

test('Call_Any_CarriesTheCsrfHeaderAndIsNotCached', async () => {
  answer(200, {}, 'application/json');
  await call('/bff/user');
  expect(fetch).toHaveBeenCalledWith('/bff/user', expect.objectContaining({ cache: 'no-store', headers: expect.objectContaining({ 'X-CSRF': '1' }) as unknown }));
});

test('Call_NoAnswer_FailsWithStatusZero', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await failure()).toMatchObject({ status: 0 });
});

test('Call_PageInsteadOfJson_Fails', async () => {
  answer(200, '<!doctype html>', 'text/html');
  expect(await failure()).toBeInstanceOf(RequestFailed);
});

test('Call_401_TellsTheListenersUntilTheyStop', async () => {
  answer(401, { title: 'Not signed in' });
  const listener = vi.fn();
  const stop = onUnauthorized(listener);
  await failure();
  stop();
  await failure();
  expect(listener).toHaveBeenCalledTimes(1);
});

test('FieldErrors_PascalCaseNames_BecomeCamelCase', async () => {
  answer(400, { errors: { Title: ['Too long.', 'Too dull.'], body: [] } });
  expect(fieldErrors(await failure())).toEqual({ title: 'Too long.' });
});

test('Explain_ServerError_GivesTheReferenceAndNoDetail', async () => {
  answer(500, { detail: 'NullReferenceException', traceId: 'abc123' });
  const words = explain(await failure());
  expect(words).toContain('abc123');
  expect(words).not.toContain('NullReference');
});

test('Explain_AFaultOfOurOwn_IsNotExplainedAway', () => {
  expect(() => explain(new TypeError('bug'))).toThrow('bug');
});
