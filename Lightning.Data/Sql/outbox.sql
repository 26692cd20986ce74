-- Messages to send. Each service sees those that it sends itself.

ALTER TABLE identity.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_messages ON identity.outbox USING (
    current_user = CASE WHEN kind = 'revocation' THEN 'lightning_' || recipient ELSE 'lightning_identity' END);

-- The messages without their payload, for administrators.
CREATE VIEW identity.waiting_messages AS
    SELECT id, kind, recipient, due_at, attempts, coalesce(expires_at <= clock_timestamp(), false) AS is_expired,
        failed_at, last_error
    FROM identity.outbox;

-- Tries a message again now, for an administrator. The admin site's role can neither read nor write mails.
CREATE FUNCTION identity.send_again(message uuid, asked_in uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
            SELECT FROM identity.sessions AS asking JOIN app.users AS person ON person.id = asking.user_id
            WHERE asking.id = asked_in AND asking.actor_id IS NULL AND asking.ended_at IS NULL
                AND asking.ends_at > clock_timestamp() AND person.is_admin AND person.disabled_at IS NULL)
        THEN RETURN false; END IF;
    UPDATE identity.outbox AS waiting SET failed_at = NULL, attempts = 0, due_at = clock_timestamp()
        WHERE waiting.id = send_again.message AND (waiting.expires_at > clock_timestamp()
            OR waiting.expires_at IS NULL);
    RETURN FOUND;
END $$;
