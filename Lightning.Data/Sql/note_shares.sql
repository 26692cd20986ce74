-- Shares of notes.

CREATE INDEX ix_note_shares_words ON app.note_shares USING gin (app.search_vector(address));

-- A share is for an e-mail address. It gets its user here when the address already belongs to one, and in claim_shares
-- when a user verifies the address later. Both take the same lock, so that neither misses the other.
CREATE FUNCTION app.resolve_share() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('share:' || NEW.address, 0));
    NEW.user_id := (
        SELECT person.id FROM app.notes AS note JOIN app.users AS giver ON giver.id = note.owner_id
        JOIN app.users AS person ON person.issuer = giver.issuer AND person.id <> giver.id
        WHERE note.id = NEW.note_id AND person.email_verified AND lower(person.email COLLATE "C") = NEW.address
        ORDER BY person.created_at, person.id LIMIT 1);
    RETURN NEW;
END $$;
CREATE TRIGGER resolve BEFORE INSERT ON app.note_shares FOR EACH ROW EXECUTE FUNCTION app.resolve_share();

CREATE FUNCTION app.claim_shares() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    folded text := lower(NEW.email COLLATE "C");
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('share:' || folded, 0));
    UPDATE app.note_shares AS share SET user_id = NEW.id
        FROM app.notes AS note JOIN app.users AS giver ON giver.id = note.owner_id
        WHERE share.address = folded AND share.user_id IS NULL
            AND note.id = share.note_id AND giver.issuer = NEW.issuer AND giver.id <> NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER claim_shares AFTER INSERT OR UPDATE OF email, email_verified ON app.users
    FOR EACH ROW WHEN (NEW.email_verified) EXECUTE FUNCTION app.claim_shares();

-- The owner is not notified when a user claims a share: that would tell who has the address.
CREATE FUNCTION app.tell_share() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about app.note_shares := coalesce(NEW, OLD);
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.can_edit <> NEW.can_edit THEN
        PERFORM app.tell_people(about.note_id,
            ARRAY(SELECT note.owner_id FROM app.notes AS note WHERE note.id = about.note_id));
    END IF;
    IF about.user_id IS NOT NULL THEN PERFORM app.tell_people(about.note_id, ARRAY[about.user_id]); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON app.note_shares
    FOR EACH ROW EXECUTE FUNCTION app.tell_share();

ALTER TABLE app.note_shares ENABLE ROW LEVEL SECURITY;
CREATE POLICY admin_site ON app.note_shares TO lightning_admin USING (true) WITH CHECK (true);
