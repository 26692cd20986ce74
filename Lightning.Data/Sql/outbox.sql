-- Messages to send. Each service sees those that it sends itself.

ALTER TABLE identity.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_messages ON identity.outbox USING (
    current_user = CASE WHEN kind = 'revocation' THEN 'lightning_' || recipient ELSE 'lightning_identity' END);

-- The messages without their payload, for administrators.
CREATE VIEW identity.waiting_messages AS SELECT id, kind, recipient, due_at, attempts FROM identity.outbox;
