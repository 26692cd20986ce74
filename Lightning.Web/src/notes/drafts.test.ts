import { expect, test, vi } from 'vitest';
import { attempted, Drafts } from './drafts';

const draft = { title: 'T', body: 'B', etag: '"1"' };

test('Drafts_AfterReload_AreFoundAgain', () => {
  new Drafts('ada').set('n1', draft);
  expect(new Drafts('ada').get('n1')).toEqual(draft);
});

test('Drafts_OfAnotherPerson_AreNotFound', () => {
  new Drafts('ada').set('n1', draft);
  expect(new Drafts('grace').ids()).toEqual([]);
});

test('Clear_LeavesNothingBehind', () => {
  const drafts = new Drafts('ada');
  drafts.set('n1', draft);
  drafts.clear();
  expect(sessionStorage).toHaveLength(0);
  expect(drafts.ids()).toEqual([]);
});

test('Set_StorageFull_KeepsTheTextAndSaysThatItWouldNotSurvive', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const drafts = new Drafts('ada');
  drafts.set('n1', draft);
  expect(drafts.get('n1')).toEqual(draft);
  expect(drafts.survivesLeaving).toBe(false);
});

test('Attempted_SameText_KeepsItsKey', () => {
  const first = attempted({ ...draft, etag: null });
  expect(attempted(first).attempt.key).toBe(first.attempt.key);
});

test('Attempted_OtherText_TakesAFreshKey', () => {
  const first = attempted({ ...draft, etag: null });
  expect(attempted({ ...first, body: 'More' }).attempt.key).not.toBe(first.attempt.key);
});
