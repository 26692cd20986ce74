-- Sessions at the provider (identity.sessions) and cookies' sessions at relying parties (web.sessions).

-- Writes a logout message for each client that has tokens of the session and wants to hear of its end. Tokens of an
-- external provider, for which Identity has no grant, become revocation messages of the relying party that holds them.
CREATE FUNCTION identity.tell_relying_parties(ended uuid[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
        SELECT gen_random_uuid(), 'logout', told.client_id,
            convert_to(json_build_object('sid', session.id, 'sub', person.subject)::text, 'UTF8'), clock_timestamp(), 0
        FROM (SELECT DISTINCT sid, client_id FROM identity.grants WHERE sid = ANY (ended) AND is_told) AS told
        JOIN identity.sessions AS session ON session.id = told.sid
        JOIN app.users AS person ON person.id = session.user_id;
    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
        SELECT gen_random_uuid(), 'revocation', web.app, web.id_hash || web.tokens, clock_timestamp(), 0
        FROM web.sessions AS web
        WHERE web.sid = ANY (ended)
            AND NOT EXISTS (SELECT FROM identity.grants AS given WHERE given.sid = web.sid);
$$;

-- Only the following three functions end sessions: they mark the session, revoke its refresh tokens, tell the relying
-- parties and notify every replica.
CREATE FUNCTION identity.end_session(sid uuid, reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE identity.sessions SET ended_at = clock_timestamp(), end_reason = reason
        WHERE id = end_session.sid AND ended_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE identity.refresh_tokens AS token SET revoked_at = clock_timestamp()
        WHERE token.sid = end_session.sid AND token.revoked_at IS NULL;
    PERFORM identity.tell_relying_parties(ARRAY[end_session.sid]);
    PERFORM pg_notify('lightning', 'session:' || end_session.sid);
    RETURN true;
END $$;

CREATE FUNCTION identity.end_user_sessions(user_id uuid, reason text, except_sid uuid DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended uuid[];
BEGIN
    WITH marked AS (
        UPDATE identity.sessions AS session SET ended_at = clock_timestamp(), end_reason = reason
            WHERE session.user_id = end_user_sessions.user_id AND session.ended_at IS NULL
                AND session.id IS DISTINCT FROM except_sid
            RETURNING session.id)
    SELECT coalesce(array_agg(id), '{}') FROM marked INTO ended;
    UPDATE identity.refresh_tokens AS token SET revoked_at = clock_timestamp()
        WHERE token.sid = ANY (ended) AND token.revoked_at IS NULL;
    PERFORM identity.tell_relying_parties(ended);
    PERFORM pg_notify('lightning', 'user:' || end_user_sessions.user_id);
    RETURN cardinality(ended);
END $$;

CREATE FUNCTION identity.end_all(reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended uuid[];
BEGIN
    WITH marked AS (
        UPDATE identity.sessions AS session SET ended_at = clock_timestamp(), end_reason = reason
            WHERE session.ended_at IS NULL RETURNING session.id)
    SELECT coalesce(array_agg(id), '{}') FROM marked INTO ended;
    UPDATE identity.refresh_tokens SET revoked_at = clock_timestamp() WHERE revoked_at IS NULL;
    PERFORM identity.tell_relying_parties(ended);
    PERFORM pg_notify('lightning', 'all');
    RETURN cardinality(ended);
END $$;

-- Ends a user's oldest sessions beyond the limit. The lock lasts to the end of the transaction that began the newest,
-- so concurrent sign-ins of one user see each other. Impersonated sessions do not count.
CREATE FUNCTION identity.keep_newest_sessions(newest uuid, most integer, at timestamptz, idle_since timestamptz)
RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid := (SELECT user_id FROM identity.sessions WHERE id = newest);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('sessions of ' || person, 0));
    RETURN QUERY SELECT old.id FROM (
        SELECT session.id FROM identity.sessions AS session
        WHERE session.user_id = person AND session.id <> newest AND session.ended_at IS NULL AND session.ends_at > at
            AND session.last_seen_at > idle_since
            AND session.actor_id IS NULL
        ORDER BY session.created_at DESC, session.id DESC OFFSET most - 1) AS old
        WHERE identity.end_session(old.id, 'evicted');
END $$;

-- Records a sign-in at an external provider: the user and their session. It never changes a user who has an account
-- at Identity, nor is_admin or disabled_at.
CREATE FUNCTION identity.begin_foreign_session(
    new_session uuid, new_user uuid, the_issuer text, the_subject text, the_sid text, the_email text,
    is_verified boolean, the_name text, began_at timestamptz, proved_at timestamptz, until timestamptz, from_ip text,
    by_methods text[]) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid;
    begun uuid;
BEGIN
    INSERT INTO app.users AS known (id, issuer, subject, email, email_verified, name, is_admin, created_at)
        VALUES (new_user, the_issuer, the_subject, the_email, is_verified, the_name, false, began_at)
        ON CONFLICT (issuer, subject) DO UPDATE
            SET email = excluded.email, email_verified = excluded.email_verified, name = excluded.name
            WHERE known.disabled_at IS NULL
                AND NOT EXISTS (SELECT FROM identity.accounts AS account WHERE account.id = known.id)
        RETURNING known.id INTO person;
    IF person IS NULL THEN RETURN NULL; END IF;
    PERFORM identity.end_session(old.id, 'expired') FROM identity.sessions AS old
        WHERE old.issuer = the_issuer AND old.foreign_sid = the_sid AND old.ended_at IS NULL
            AND old.ends_at <= began_at;
    INSERT INTO identity.sessions AS known
        (id, issuer, foreign_sid, user_id, created_at, auth_time, last_seen_at, ends_at, ip, methods)
        VALUES (new_session, the_issuer, the_sid, person, began_at, proved_at, began_at, until, from_ip, by_methods)
        ON CONFLICT (issuer, foreign_sid) WHERE foreign_sid IS NOT NULL AND ended_at IS NULL DO UPDATE
            SET auth_time = GREATEST(known.auth_time, excluded.auth_time), last_seen_at = excluded.last_seen_at,
                methods = excluded.methods
            WHERE known.user_id = excluded.user_id
        RETURNING known.id INTO begun;
    RETURN begun;
END $$;

-- Every process drops the session from its cache when it changes. last_seen_at is written often and notifies nobody.
CREATE FUNCTION identity.tell_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('lightning', 'session:' || OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_deletion AFTER DELETE ON identity.sessions
    FOR EACH ROW WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION identity.tell_session();

-- Each relying party sees its own cookies' sessions.
ALTER TABLE web.sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_sessions ON web.sessions
    USING (current_user = 'lightning_' || app) WITH CHECK (current_user = 'lightning_' || app);

-- Replaced tokens, a released refresh lease and a deleted session: other replicas wait for them.
CREATE FUNCTION web.tell_session() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('lightning', 'web:' || encode(OLD.id_hash, 'hex'));
    RETURN NULL;
END $$;
CREATE TRIGGER tell_change AFTER UPDATE OF tokens, token_expires_at, refresh_lease_owner ON web.sessions
    FOR EACH ROW WHEN (NEW.refresh_lease_owner IS NULL) EXECUTE FUNCTION web.tell_session();
CREATE TRIGGER tell_deletion AFTER DELETE ON web.sessions FOR EACH ROW EXECUTE FUNCTION web.tell_session();
