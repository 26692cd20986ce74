-- Notes.

ALTER TABLE app.notes ADD COLUMN words tsvector NOT NULL
    GENERATED ALWAYS AS (setweight(app.search_vector(title), 'A') || setweight(app.search_vector(body), 'B')) STORED;
CREATE INDEX ix_notes_words ON app.notes USING gin (words);

-- Search operators are not leakproof, so no index serves them behind row-level security. This function bypasses the
-- policies, and therefore searches only the actor's notes and those shared with the actor, or those of one of the
-- actor's organizations, and returns ids alone.
CREATE FUNCTION app.find_notes(query text, organization uuid) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
    SELECT note.id FROM app.notes AS note
    WHERE find_notes.organization IS NULL AND note.owner_id = app.actor() AND note.organization_id IS NULL
        AND note.words @@ app.search_query(find_notes.query)
    UNION ALL
    SELECT note.id FROM app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id
    WHERE find_notes.organization IS NULL AND share.user_id = app.actor()
        AND note.words @@ app.search_query(find_notes.query)
    UNION ALL
    SELECT note.id FROM app.notes AS note
    WHERE note.organization_id = find_notes.organization AND find_notes.organization = ANY (app.member_of())
        AND note.words @@ app.search_query(find_notes.query) $$;

-- Notifies users or an organization's members that a note or its shares changed, with ids alone. A payload is at most
-- 8000 bytes, hence the batches.
CREATE FUNCTION app.tell_people(note uuid, people uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR place IN 1 .. coalesce(cardinality(people), 0) BY 100 LOOP
        PERFORM pg_notify('lightning_notes', note || ' ' || array_to_string(people[place : place + 99], ' '));
    END LOOP;
END $$;

CREATE FUNCTION app.tell_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about app.notes := coalesce(NEW, OLD);
BEGIN
    IF about.organization_id IS NOT NULL THEN
        PERFORM app.tell_people(about.id, ARRAY[about.organization_id]);
        RETURN NULL;
    END IF;
    PERFORM app.tell_people(about.id, ARRAY[about.owner_id] || ARRAY(
        SELECT DISTINCT share.user_id FROM app.note_shares AS share
        WHERE share.note_id = about.id AND share.user_id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON app.notes
    FOR EACH ROW EXECUTE FUNCTION app.tell_note();

ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_site ON app.notes TO lightning_admin USING (true) WITH CHECK (true);
