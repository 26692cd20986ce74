import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { explain, fieldErrors, RequestFailed } from '../http';
import { navigate } from '../routing';
import { useSession } from '../session/session';
import { withAttempt, type Draft } from './drafts';
import type { EditorEvents } from './NoteEditor';
import { create, get, remove, sameText, update, type Note } from './notes';
import { newDraftId, useSpace } from './space';

interface State {
  working: boolean;
  /** The last action was a save. */
  saved: boolean;
  errors: Record<string, string>;
  failure: string | null;
  /** The version on the server, which the draft is not based on; `theirs` is null if the note was deleted. */
  conflict: { theirs: Note | null } | null;
}

const idle: State = { working: false, saved: false, errors: {}, failure: null, conflict: null };
const statusOf = (error: unknown) => (error instanceof RequestFailed ? error.status : null);

/** Saves and deletes a note. A draft is removed only after the server has confirmed that it stored the same text. */
export function useSaving(
  note: Note | null,
  draft: Draft | undefined,
  { onCreated, onChanged, onDeleted, onForgotten }: EditorEvents,
) {
  const { drafts } = useSession();
  const [state, setState] = useState(idle);
  const busy = useRef(false);
  const space = useSpace();
  const { organizationId } = space;
  const id = note?.id ?? newDraftId(space);
  const unsaved: Draft = draft ?? {
    organizationId,
    title: note?.title ?? '',
    body: note?.body ?? '',
    etag: note?.etag ?? null,
  };

  async function once(work: () => Promise<Partial<State>>, prefix = 'Not saved.') {
    if (busy.current) return;
    busy.current = true;
    setState((now) => ({ ...now, working: true, saved: false, errors: {}, failure: null }));
    try {
      const outcome = await work();
      setState({ ...idle, ...outcome });
    } catch (error) {
      setState((now) => ({ ...now, working: false, ...errorState(error, prefix) }));
    } finally {
      busy.current = false;
    }
  }

  async function put(current: Note, sent: Draft): Promise<Partial<State>> {
    let saved: Note;
    try {
      saved = await update(current.id, sent, sent.etag ?? current.etag);
    } catch (error) {
      if (statusOf(error) !== 412 && statusOf(error) !== 404) throw error;
      const theirs = await latest(current.id);
      if (!theirs || !sameText(theirs, sent)) return { conflict: { theirs } };
      // An earlier attempt succeeded, but its response was lost.
      saved = theirs;
    }
    settle(saved, sent, () => onChanged(saved));
    return { saved: true };
  }

  async function post(sent: Draft): Promise<Note> {
    const withKey = withAttempt(sent);
    if (drafts.get(id)) drafts.set(id, withKey);
    return create(withKey, withKey.attempt.key, organizationId);
  }

  /** Renders the saved note before its draft is removed, so that the fields do not flicker. */
  function settle(saved: Note, sent: Draft, show: () => void) {
    const now = drafts.get(id);
    const hasNewText = now !== undefined && !sameText(now, sent);
    if (hasNewText) drafts.set(saved.id, { organizationId, title: now.title, body: now.body, etag: saved.etag });
    flushSync(show);
    if (!hasNewText || saved.id !== id) drafts.remove(id);
  }

  const save = () =>
    once(async () => {
      if (note) return draft ? put(note, draft) : { saved: true };
      const saved = await post(unsaved);
      settle(saved, unsaved, () => onCreated(saved));
      return { saved: true };
    });

  const keepMine = () =>
    once(async () => {
      const theirs = state.conflict?.theirs;
      if (!theirs) return saveAsNew(null);
      const mine = { ...unsaved, etag: theirs.etag };
      drafts.set(id, mine);
      return put(theirs, mine);
    });

  const keepBoth = () => once(() => saveAsNew(state.conflict?.theirs ?? null));

  async function saveAsNew(theirs: Note | null): Promise<Partial<State>> {
    const saved = await post(unsaved);
    settle(saved, unsaved, () => {
      onChanged(saved);
      if (theirs) onChanged(theirs);
      else onForgotten(id);
      navigate(`${space.path}/notes/${saved.id}`);
    });
    return {};
  }

  function takeTheirs() {
    const theirs = state.conflict?.theirs;
    drafts.remove(id);
    setState(idle);
    if (theirs) onChanged(theirs);
    else {
      onForgotten(id);
      navigate(`${space.path}/notes`);
    }
  }

  const erase = () =>
    once(async () => {
      if (!note) return {};
      try {
        await remove(note);
      } catch (error) {
        if (statusOf(error) !== 412 && statusOf(error) !== 404) throw error;
        const theirs = statusOf(error) === 404 ? null : await latest(note.id);
        if (draft) return { conflict: { theirs } };
        if (theirs) {
          onChanged(theirs);
          return {
            failure:
              'Not deleted: this note was changed by someone else. Its new text is shown. You can delete it again.',
          };
        }
        onForgotten(note.id);
        navigate(`${space.path}/notes`);
        return {};
      }
      onDeleted(note);
      return {};
    }, 'Not deleted.');

  const touched = () => setState((now) => (now.saved || now.failure ? { ...now, saved: false, failure: null } : now));

  return { ...state, save, keepMine, keepBoth, takeTheirs, erase, touched };
}

async function latest(id: string): Promise<Note | null> {
  try {
    return await get(id);
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

function errorState(error: unknown, prefix: string): Partial<State> {
  const { title, body } = fieldErrors(error);
  if (title !== undefined || body !== undefined)
    return { errors: { ...(title !== undefined && { title }), ...(body !== undefined && { body }) } };
  // SessionEnded shows the message and the sign-in button.
  return statusOf(error) === 401 ? {} : { failure: `${prefix} ${explain(error)}` };
}
