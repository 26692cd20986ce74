import { useCallback, useEffect, useRef, useState } from 'react';
import { OtherSpace } from '../organizations/OtherSpace';
import { navigate, newNote } from '../routing';
import { useSession } from '../session/session';
import { FetchedNote } from './FetchedNote';
import { NoteEditor } from './NoteEditor';
import { NoteList } from './NoteList';
import type { Note, View } from './notes';
import { titleIn, useSpace } from './space';
import { UndoDelete, type DeletedNote } from './UndoDelete';
import { useDebounced } from './useDebounced';
import { useLiveNotes } from './useLiveNotes';
import { useNotes } from './useNotes';

const names: Record<View, string> = { notes: 'Notes', shared: 'Shared with me', archive: 'Archive' };

export function NotesPage({ view, selected }: { view: View; selected: string | null }) {
  const { drafts } = useSession();
  const space = useSpace();
  const [searchText, setSearchText] = useState('');
  const search = useDebounced(searchText.trim());
  const { notes, items, load, refresh, loadMore, put, drop } = useNotes({ view, search }, selected);
  useLiveNotes(selected, { put, drop, refresh });
  const [deletedNote, setDeletedNote] = useState<DeletedNote | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);

  // The editor is kept when its new note gets an id. Any other change of the selection resets it.
  const [editor, setEditor] = useState({ selected, key: 0 });
  if (editor.selected !== selected) setEditor({ selected, key: editor.key + 1 });

  const note = notes.known.find((item) => item.id === selected);

  useEffect(() => {
    const name = selected === newNote ? 'New note' : selected === null ? names[view] : note?.title || 'Note';
    document.title = titleIn(space, name);
  }, [space, view, selected, note?.title]);

  const created = useCallback(
    (note: Note) => {
      put(note);
      setEditor((now) => ({ selected: note.id, key: now.key }));
      navigate(`${space.path}/notes/${note.id}`, { replace: true });
    },
    [put, space.path],
  );

  function deleted(note: Note) {
    const draft = drafts.get(note.id);
    drafts.remove(note.id);
    drop(note.id);
    setDeletedNote({ note, draft: draft ?? null });
    navigate(`${space.path}/${view}`);
    heading.current?.focus();
  }

  function restored(note: Note) {
    if (deletedNote?.draft) drafts.set(note.id, { ...deletedNote.draft, etag: note.etag });
    setDeletedNote(null);
    put(note);
    navigate(`${space.path}/notes/${note.id}`);
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
        search={searchText}
        onSearch={setSearchText}
        reload={load}
        loadMore={loadMore}
        onMoved={drop}
      />
      <div className="notes-open">
        {selected === null ? (
          <NoSelection empty={view === 'notes' && search === '' && notes.phase === 'ready' && items.length === 0} />
        ) : note && note.organizationId !== space.organizationId ? (
          <OtherSpace note={note} view={view} />
        ) : selected === newNote || note ? (
          <NoteEditor
            key={editor.key}
            view={view}
            note={note ?? null}
            onCreated={created}
            onChanged={put}
            onDeleted={deleted}
            onForgotten={forget}
          />
        ) : (
          notes.phase !== 'loading' && <FetchedNote key={selected} id={selected} onFetched={put} />
        )}
      </div>
      <UndoDelete deleted={deletedNote} onRestored={restored} onDismissed={() => setDeletedNote(null)} />
    </main>
  );
}

function NoSelection({ empty }: { empty: boolean }) {
  return (
    <div className="notes-placeholder">
      <span className="notes-placeholder-image" aria-hidden="true" />
      <p>{empty ? 'Create your first note.' : 'Select a note or create a new one.'}</p>
    </div>
  );
}
