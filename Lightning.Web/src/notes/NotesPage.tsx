import { useCallback, useEffect, useRef, useState } from 'react';
import { navigate, newNote } from '../routing';
import { useSession } from '../session/session';
import { Deleted, type Removed } from './Deleted';
import { FetchedNote } from './FetchedNote';
import { NoteEditor } from './NoteEditor';
import { NoteList } from './NoteList';
import type { Note, View } from './notes';
import { useLiveNotes } from './useLiveNotes';
import { useNotes } from './useNotes';
import { useSettled } from './useSettled';

const names: Record<View, string> = { notes: 'Notes', shared: 'Shared with me', archive: 'Archive' };

export function NotesPage({ view, selected }: { view: View; selected: string | null }) {
  const { drafts } = useSession();
  const [typed, setTyped] = useState('');
  const words = useSettled(typed.trim());
  const { notes, items, load, refresh, loadMore, put, drop } = useNotes({ view, words }, selected);
  useLiveNotes({ put, drop, refresh });
  const [removed, setRemoved] = useState<Removed | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  // One editor stays on the page while its new note gets an id; any other change of selection brings a fresh one.
  const [editor, setEditor] = useState({ selected, key: 0 });
  if (editor.selected !== selected) setEditor({ selected, key: editor.key + 1 });

  const note = notes.known.find((item) => item.id === selected);

  useEffect(() => {
    const name = selected === newNote ? 'New note' : selected === null ? names[view] : note?.title || 'Note';
    document.title = `${name} · Lightning`;
  }, [view, selected, note?.title]);

  const created = useCallback(
    (made: Note) => {
      put(made);
      setEditor((now) => ({ selected: made.id, key: now.key }));
      navigate(`/notes/${made.id}`, { replace: true });
    },
    [put],
  );

  function deleted(gone: Note) {
    const draft = drafts.get(gone.id);
    drafts.remove(gone.id);
    drop(gone.id);
    setRemoved({ note: gone, draft: draft ?? null });
    navigate(`/${view}`);
    heading.current?.focus();
  }

  function restored(note: Note) {
    if (removed?.draft) drafts.set(note.id, { ...removed.draft, etag: note.etag });
    setRemoved(null);
    put(note);
    navigate(`/notes/${note.id}`);
  }

  function forget(id: string) {
    drafts.remove(id);
    drop(id);
  }

  return (
    <main className="notes" data-open={selected !== null || undefined}>
      <h1 className="visually-hidden">{names[view]}</h1>
      <NoteList
        key={view}
        view={view}
        name={names[view]}
        notes={notes}
        items={items}
        selected={selected}
        heading={heading}
        words={typed}
        onWords={setTyped}
        reload={load}
        loadMore={loadMore}
        onGone={drop}
      />
      <div className="notes-open">
        {selected === null ? (
          <Nothing empty={view === 'notes' && words === '' && notes.phase === 'ready' && items.length === 0} />
        ) : selected === newNote || note ? (
          <NoteEditor key={editor.key} view={view} note={note ?? null} onCreated={created} onChanged={put} onDeleted={deleted} onForgotten={forget} />
        ) : (
          notes.phase !== 'loading' && <FetchedNote key={selected} id={selected} onFetched={put} />
        )}
      </div>
      <Deleted removed={removed} onRestored={restored} onDismissed={() => setRemoved(null)} />
    </main>
  );
}

function Nothing({ empty }: { empty: boolean }) {
  return (
    <div className="notes-nothing">
      <span className="notes-nothing-bolt" aria-hidden="true" />
      <p>{empty ? 'Your first one starts with a word.' : 'Choose a note, or start another.'}</p>
    </div>
  );
}
