-- The audit log.

-- Sets the impersonator of every entry that a session writes.
CREATE FUNCTION audit.name_both() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.acted_by := (SELECT session.actor_id FROM identity.sessions AS session WHERE session.id = NEW.session_id);
    RETURN NEW;
END $$;
CREATE TRIGGER name_both BEFORE INSERT ON audit.entries
    FOR EACH ROW WHEN (NEW.session_id IS NOT NULL) EXECUTE FUNCTION audit.name_both();

-- Deletes old refreshes and failed sign-ins, the only entries that are ever deleted; never those of the last day.
CREATE FUNCTION audit.forget(what text, before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    forgotten integer;
BEGIN
    DELETE FROM audit.entries WHERE id = ANY (ARRAY(
        SELECT id FROM audit.entries
        WHERE action = what AND action IN ('refreshed', 'sign-in-failed')
            AND at < LEAST(before, clock_timestamp() - interval '1 day')
        ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
