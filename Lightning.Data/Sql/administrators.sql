-- What an administrator may do to a user or an account. The admin site's role has no other way to write these tables.

-- The administrator whose session this is; null unless it is alive, not an impersonated session, and authenticated
-- within the last hour.
CREATE FUNCTION identity.administrator_in(sid uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT person.id FROM identity.sessions AS asking JOIN app.users AS person ON person.id = asking.user_id
    WHERE asking.id = administrator_in.sid AND asking.actor_id IS NULL AND asking.ended_at IS NULL
        AND asking.ends_at > clock_timestamp()
        AND asking.auth_time > clock_timestamp() - interval '1 hour' AND person.is_admin AND person.disabled_at IS NULL;
$$;

-- Serialized by an advisory lock: of two administrators who disable each other, one remains.
CREATE FUNCTION identity.disable_user(who uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0));
    IF coalesce(identity.administrator_in(asked_in), who) = who THEN RETURN false; END IF;
    UPDATE app.users SET disabled_at = clock_timestamp() WHERE id = who AND disabled_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM identity.end_user_sessions(who, 'account-disabled');
    RETURN true;
END $$;

CREATE FUNCTION identity.enable_user(who uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(identity.administrator_in(asked_in), who) = who THEN RETURN false; END IF;
    UPDATE app.users SET disabled_at = NULL WHERE id = who AND disabled_at IS NOT NULL;
    RETURN FOUND;
END $$;

-- Deletes a user with their account. The callers below authorize.
CREATE FUNCTION identity.take_away(who uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM identity.end_user_sessions(who, 'account-deleted');
    DELETE FROM identity.account_links
        WHERE lower(address) IN (SELECT lower(email) FROM identity.accounts WHERE id = who);
    DELETE FROM identity.authorizations WHERE user_id = who;
    DELETE FROM identity.accounts WHERE id = who;
    DELETE FROM app.users WHERE id = who;
    RETURN FOUND;
END $$;

-- The API's: authorizes by the transaction's actor.
CREATE FUNCTION app.remove_user(who uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (app.acts_as('admin') AND app.acts_as('writer')) OR who = app.actor() THEN RETURN false; END IF;
    RETURN identity.take_away(who);
END $$;

-- The admin site's: authorizes by the session. Serialized like disable_user.
CREATE FUNCTION identity.remove_user(who uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0));
    IF coalesce(identity.administrator_in(asked_in), who) = who THEN RETURN false; END IF;
    RETURN identity.take_away(who);
END $$;

-- Only queues the request: Identity makes the link and the mail. At most one request per account waits.
CREATE FUNCTION identity.request_password_reset(account_id uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF identity.administrator_in(asked_in) IS NULL THEN RETURN false; END IF;
    PERFORM FROM identity.accounts AS account WHERE account.id = account_id FOR NO KEY UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM identity.outbox AS waiting
            WHERE waiting.kind = 'password-reset' AND waiting.recipient = account_id::text)
        THEN RETURN false; END IF;
    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
        VALUES (gen_random_uuid(), 'password-reset', account_id::text, '', clock_timestamp(), 0);
    RETURN true;
END $$;

-- The new stamps refuse a sign-in that the removed factor proved, and a stale copy of the account's row.
CREATE FUNCTION identity.reset_second_factor(account_id uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(identity.administrator_in(asked_in), account_id) = account_id THEN RETURN false; END IF;
    PERFORM FROM identity.accounts AS account WHERE account.id = account_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM identity.accounts AS account
            WHERE account.id = account_id AND account.two_factor_enabled)
        AND NOT EXISTS (SELECT FROM identity.account_passkeys AS passkey WHERE passkey.user_id = account_id)
        AND NOT EXISTS (SELECT FROM identity.account_recovery_codes AS code
            WHERE code.account_id = reset_second_factor.account_id) THEN RETURN false; END IF;
    DELETE FROM identity.account_passkeys AS passkey WHERE passkey.user_id = account_id;
    DELETE FROM identity.account_recovery_codes AS code WHERE code.account_id = reset_second_factor.account_id;
    UPDATE identity.accounts AS account SET two_factor_enabled = false, totp_key = NULL, totp_last_step = NULL,
            security_stamp = gen_random_uuid()::text, concurrency_stamp = gen_random_uuid()::text
        WHERE account.id = account_id;
    PERFORM identity.end_user_sessions(account_id, 'second-factor-reset');
    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
        VALUES (gen_random_uuid(), 'second-factor-reset', account_id::text, '', clock_timestamp(), 0);
    RETURN true;
END $$;
