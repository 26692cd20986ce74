-- Users.

CREATE INDEX ix_users_address ON app.users (lower(email COLLATE "C"), issuer);
CREATE INDEX ix_users_words ON app.users USING gin (app.search_vector(email || ' ' || name));
CREATE INDEX ix_accounts_words ON identity.accounts USING gin (app.search_vector(COALESCE(email, '') || ' ' || name));

-- Every process drops the user from its cache when one of these columns changes.
CREATE FUNCTION app.tell_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('lightning', 'user:' || OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER UPDATE OF is_admin, disabled_at, email, email_verified, name ON app.users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION app.tell_user();
CREATE TRIGGER tell_deletion AFTER DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.tell_user();

-- Copies a new name to the user's account at Identity.
CREATE FUNCTION app.rename_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE identity.accounts SET name = NEW.name WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER rename_account AFTER UPDATE OF name ON app.users
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION app.rename_account();

-- Erases the text of a deleted user's notes from the audit log.
CREATE FUNCTION app.forget_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE audit.entries SET details = NULL
        WHERE subject_type = 'note' AND details IS NOT NULL AND subject_id IN (
        SELECT made.subject_id FROM audit.entries AS made
        WHERE made.user_id = OLD.id AND made.action = 'note.created');
    RETURN NULL;
END $$;
CREATE TRIGGER forget_words AFTER DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.forget_words();

ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY services ON app.users TO lightning_identity, lightning_bff, lightning_admin
    USING (true) WITH CHECK (true);
-- Before the caller is authenticated, the API's session gate reads users.
CREATE POLICY gate ON app.users FOR SELECT TO lightning_api USING ((SELECT app.acts_as('gate')));
