import { expect, test, vi } from 'vitest';
import { withAttempt, Drafts } from './drafts';

const draft = { title: 'T', body: 'B', etag: '"1"' };

test('Drafts_survive_a_reload', () => {
  new Drafts('ada').set('n1', draft);
  expect(new Drafts('ada').get('n1')).toEqual(draft);
});

test('Drafts_of_another_user_are_not_found', () => {
  new Drafts('ada').set('n1', draft);
  expect(new Drafts('grace').ids()).toEqual([]);
});

test('Clear_removes_all_drafts', () => {
  const drafts = new Drafts('ada');
  drafts.set('n1', draft);
  drafts.clear();
  expect(sessionStorage).toHaveLength(0);
  expect(drafts.ids()).toEqual([]);
});

test('Set_with_full_storage_keeps_the_text_in_memory', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const drafts = new Drafts('ada');
  drafts.set('n1', draft);
  expect(drafts.get('n1')).toEqual(draft);
  expect(drafts.survivesLeaving).toBe(false);
});

test('Attempt_with_the_same_text_keeps_its_key', () => {
  const first = withAttempt({ ...draft, etag: null });
  expect(withAttempt(first).attempt.key).toBe(first.attempt.key);
});

test('Attempt_with_other_text_gets_a_new_key', () => {
  const first = withAttempt({ ...draft, etag: null });
  expect(withAttempt({ ...first, body: 'More' }).attempt.key).not.toBe(first.attempt.key);
});
