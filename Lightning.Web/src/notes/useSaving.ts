import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { explain, fieldErrors, RequestFailed } from '../http';
import { navigate, newNote } from '../routing';
import { useSession } from '../session/session';
import { attempted, type Draft } from './drafts';
import type { EditorEvents } from './NoteEditor';
import { create, get, remove, sameText, update, type Note } from './notes';

interface State {
  working: boolean;
  /** The last thing that happened was a save. */
  saved: boolean;
  errors: Record<string, string>;
  failure: string | null;
  /** The server has another version than the one written over; null inside means that it has none any more. */
  conflict: { theirs: Note | null } | null;
}

const calm: State = { working: false, saved: false, errors: {}, failure: null, conflict: null };
const statusOf = (error: unknown) => (error instanceof RequestFailed ? error.status : null);

/** Saving and deleting one note. A draft is dropped only when the server has answered that it holds that very text. */
export function useSaving(note: Note | null, draft: Draft | undefined, { onCreated, onChanged, onDeleted, onForgotten }: EditorEvents) {
  const { drafts } = useSession();
  const [state, setState] = useState(calm);
  const busy = useRef(false);
  const id = note?.id ?? newNote;
  const unsaved: Draft = draft ?? { title: note?.title ?? '', body: note?.body ?? '', etag: note?.etag ?? null };

  async function once(work: () => Promise<Partial<State>>, otherwise = 'Not saved.') {
    if (busy.current) return;
    busy.current = true;
    setState((now) => ({ ...now, working: true, saved: false, errors: {}, failure: null }));
    try {
      const outcome = await work();
      setState({ ...calm, ...outcome });
    } catch (error) {
      setState((now) => ({ ...now, working: false, ...told(error, otherwise) }));
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
      // An earlier attempt had arrived after all; only its answer was lost.
      saved = theirs;
    }
    settle(saved, sent, () => onChanged(saved));
    return { saved: true };
  }

  async function post(sent: Draft): Promise<Note> {
    const trying = attempted(sent);
    if (drafts.get(id)) drafts.set(id, trying);
    return create(trying, trying.attempt.key);
  }

  /** Puts the saved note on the page before its draft goes, so that the fields never show anything in between. */
  function settle(saved: Note, sent: Draft, show: () => void) {
    const now = drafts.get(id);
    const typedOn = now !== undefined && !sameText(now, sent);
    if (typedOn) drafts.set(saved.id, { title: now.title, body: now.body, etag: saved.etag });
    flushSync(show);
    if (!typedOn || saved.id !== id) drafts.remove(id);
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
      if (!theirs) return keepAsAnother(null);
      const mine = { ...unsaved, etag: theirs.etag };
      drafts.set(id, mine);
      return put(theirs, mine);
    });

  const keepBoth = () => once(() => keepAsAnother(state.conflict?.theirs ?? null));

  async function keepAsAnother(theirs: Note | null): Promise<Partial<State>> {
    const saved = await post(unsaved);
    settle(saved, unsaved, () => {
      onChanged(saved);
      if (theirs) onChanged(theirs);
      else onForgotten(id);
      navigate(`/notes/${saved.id}`);
    });
    return {};
  }

  function takeTheirs() {
    const theirs = state.conflict?.theirs;
    drafts.remove(id);
    setState(calm);
    if (theirs) onChanged(theirs);
    else {
      onForgotten(id);
      navigate('/notes');
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
          return { failure: 'Not deleted: this was changed in another place. What it says now is shown here; delete it again if you still want to.' };
        }
        onForgotten(note.id);
        navigate('/notes');
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

function told(error: unknown, otherwise: string): Partial<State> {
  const { title, body } = fieldErrors(error);
  if (title !== undefined || body !== undefined)
    return { errors: { ...(title !== undefined && { title }), ...(body !== undefined && { body }) } };
  // The page says by itself that the session ended, and offers the way back.
  return statusOf(error) === 401 ? {} : { failure: `${otherwise} ${explain(error)}` };
}
