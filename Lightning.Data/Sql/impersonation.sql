-- Impersonation: an administrator signs in as a user.

-- Issues a one-time ticket. Identity redeems it, only in the browser of the session that asked for it.
CREATE FUNCTION identity.hand_over(code bytea, who uuid, asked_in uuid, why text, may_write boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(identity.administrator_in(asked_in), who) = who OR btrim(why) = '' THEN RETURN false; END IF;
    INSERT INTO identity.handovers (code_hash, sid, user_id, reason, may_write, created_at)
        SELECT code, asked_in, person.id, why, hand_over.may_write, clock_timestamp() FROM app.users AS person
        WHERE person.id = who AND NOT person.is_admin AND person.disabled_at IS NULL;
    RETURN FOUND;
END $$;

-- Audits the end of an impersonated session, and ends a session's impersonated sessions with it.
CREATE FUNCTION identity.end_acting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.actor_id IS NOT NULL THEN
        INSERT INTO audit.entries (at, service, action, user_id, session_id, subject_type, subject_id, details)
            VALUES (NEW.ended_at, session_user, 'acting-ended', NEW.actor_id, NEW.id, 'user', NEW.user_id::text,
                jsonb_build_object('reason', NEW.end_reason));
    END IF;
    PERFORM identity.end_session(acting.id, 'administrator-left') FROM identity.sessions AS acting
        WHERE acting.actor_sid = NEW.id AND acting.ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_acting AFTER UPDATE OF ended_at ON identity.sessions
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION identity.end_acting();

-- Ends impersonated sessions when the impersonator stops being an administrator, or the user becomes one, or either
-- is disabled.
CREATE FUNCTION app.end_acting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM identity.end_session(acting.id, 'right-lost') FROM identity.sessions AS acting
        WHERE acting.ended_at IS NULL AND acting.actor_id IS NOT NULL AND (
            (acting.actor_id = NEW.id AND (NOT NEW.is_admin OR NEW.disabled_at IS NOT NULL))
            OR (acting.user_id = NEW.id AND (NEW.is_admin OR NEW.disabled_at IS NOT NULL)));
    RETURN NULL;
END $$;
CREATE TRIGGER end_acting AFTER UPDATE OF is_admin, disabled_at ON app.users
    FOR EACH ROW WHEN (OLD.is_admin <> NEW.is_admin OR (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL))
    EXECUTE FUNCTION app.end_acting();
