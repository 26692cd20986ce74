-- The trash. Deleting a note moves it here with its shares, whichever service deletes it, so that every query of notes,
-- shares and searches misses it without a condition that one of them could forget.

-- Not in the model: only the functions below use it. Without the shares' triggers, a note in the trash is neither
-- resolved to users nor are they notified.
CREATE TABLE app.deleted_note_shares (
    id uuid CONSTRAINT pk_deleted_note_shares PRIMARY KEY,
    note_id uuid NOT NULL CONSTRAINT fk_deleted_note_shares_deleted_notes_note_id
        REFERENCES app.deleted_notes ON DELETE CASCADE,
    address varchar(256) NOT NULL,
    user_id uuid CONSTRAINT fk_deleted_note_shares_users_user_id REFERENCES app.users ON DELETE CASCADE,
    can_edit boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_deleted_note_shares_note_id ON app.deleted_note_shares (note_id);
CREATE INDEX ix_deleted_note_shares_user_id ON app.deleted_note_shares (user_id);

CREATE FUNCTION app.keep_deleted_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A deleted user's notes are not kept. Waiting for a user who is being deleted would be a deadlock, because that
    -- waits for this note.
    PERFORM FROM app.users WHERE id = OLD.owner_id FOR KEY SHARE SKIP LOCKED;
    IF NOT FOUND THEN RETURN OLD; END IF;
    -- Nor are those of an organization that is being deleted.
    IF OLD.organization_id IS NOT NULL THEN
        PERFORM FROM app.organizations WHERE id = OLD.organization_id FOR KEY SHARE SKIP LOCKED;
        IF NOT FOUND THEN RETURN OLD; END IF;
    END IF;
    INSERT INTO app.deleted_notes
        (id, owner_id, organization_id, title, body, archived_at, pinned_at, created_at, updated_at, deleted_at)
        VALUES (OLD.id, OLD.owner_id, OLD.organization_id, OLD.title, OLD.body, OLD.archived_at, OLD.pinned_at,
            OLD.created_at, OLD.updated_at, clock_timestamp());
    INSERT INTO app.deleted_note_shares (id, note_id, address, user_id, can_edit, created_at)
        SELECT share.id, share.note_id, share.address, share.user_id, share.can_edit, share.created_at
        FROM app.note_shares AS share WHERE share.note_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER keep_deleted BEFORE DELETE ON app.notes FOR EACH ROW EXECUTE FUNCTION app.keep_deleted_note();

-- Moves a note back, for the transaction's actor. False if it is not in their trash.
CREATE FUNCTION app.restore_note(note uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept app.deleted_notes;
BEGIN
    IF NOT (app.acts_as('verified') AND app.acts_as('writer')) THEN RETURN false; END IF;
    -- The user first, as when they are deleted, and then the note, for which a cleanup does not wait.
    PERFORM FROM app.users WHERE id = app.actor() FOR KEY SHARE;
    SELECT * INTO kept FROM app.deleted_notes AS deleted WHERE deleted.id = restore_note.note
            AND (deleted.owner_id = app.actor()
                AND (deleted.organization_id IS NULL OR deleted.organization_id = ANY (app.member_of()))
                OR deleted.organization_id = ANY (app.admin_of()))
        FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO app.notes
        (id, owner_id, organization_id, title, body, archived_at, pinned_at, created_at, updated_at)
        VALUES (kept.id, kept.owner_id, kept.organization_id, kept.title, kept.body, kept.archived_at, kept.pinned_at,
            kept.created_at, kept.updated_at);
    -- Resolves addresses that a user has verified in the meantime. In order, because that locks each address.
    INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at)
        SELECT share.id, share.note_id, share.address, share.can_edit, share.created_at
        FROM app.deleted_note_shares AS share WHERE share.note_id = kept.id ORDER BY share.address;
    -- Recipients keep their shares, even if their address has changed.
    UPDATE app.note_shares AS share SET user_id = before.user_id FROM app.deleted_note_shares AS before
        WHERE before.note_id = kept.id AND share.id = before.id AND before.user_id IS NOT NULL
            AND share.user_id IS DISTINCT FROM before.user_id;
    DELETE FROM app.deleted_notes WHERE id = kept.id;
    RETURN true;
END $$;

-- Deletes notes that have been in the trash for long; never those of the last day.
CREATE FUNCTION app.purge_deleted_notes(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    purged integer;
BEGIN
    DELETE FROM app.deleted_notes WHERE id = ANY (ARRAY(
        SELECT id FROM app.deleted_notes WHERE deleted_at < LEAST(before, clock_timestamp() - interval '1 day')
        ORDER BY deleted_at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END $$;

ALTER TABLE app.deleted_note_shares ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.deleted_notes ENABLE ROW LEVEL SECURITY;
