-- What each service may do, and nothing else. Applied after every migration: first everything is taken away, then this is given.
REVOKE ALL ON ALL TABLES IN SCHEMA identity, web, app, keys, audit FROM lightning_identity, lightning_api, lightning_bff, lightning_admin;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity, app, audit FROM PUBLIC, lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- Everyone: their own data-protection ring; row-level security hides the others'.
GRANT USAGE ON SCHEMA keys TO lightning_identity, lightning_api, lightning_bff, lightning_admin;
GRANT SELECT, INSERT ON keys.data_protection TO lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- Everyone: what was done, written and never changed. The column "service" is the database's to fill.
GRANT USAGE ON SCHEMA audit TO lightning_identity, lightning_api, lightning_bff, lightning_admin;
GRANT INSERT (at, action, user_id, session_id, subject_type, subject_id, details, ip, trace_id), SELECT (id, service) ON audit.entries
  TO lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- Identity: accounts and the protocol. A session's end is written by the functions alone.
GRANT USAGE ON SCHEMA identity, app TO lightning_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  identity.accounts, identity.account_claims, identity.account_links, identity.account_logins, identity.account_passkeys, identity.account_recovery_codes, identity.account_tokens,
  identity.authorizations, identity.refresh_tokens, identity.grants, identity.outbox, identity.attempts, app.users TO lightning_identity;
GRANT SELECT, INSERT, UPDATE (retired_at) ON identity.signing_keys TO lightning_identity;
GRANT SELECT, INSERT, DELETE, UPDATE (auth_time, last_seen_at, methods) ON identity.sessions TO lightning_identity;
GRANT EXECUTE ON FUNCTION identity.end_session, identity.end_user_sessions TO lightning_identity;
-- Who wants to act as whom, it takes up and never makes up.
GRANT SELECT, DELETE, UPDATE (used_at) ON identity.handovers TO lightning_identity;
-- It forgets refreshes and failed sign-ins that are old enough, and nothing else of the book.
GRANT EXECUTE ON FUNCTION audit.forget TO lightning_identity;

-- API: whether a session is alive and a user active; and the product's own data. No credential, no signing key, no web session.
GRANT USAGE ON SCHEMA identity, app TO lightning_api;
GRANT SELECT (id, issuer, foreign_sid, user_id, created_at, ends_at, ended_at, actor_id) ON identity.sessions TO lightning_api;
GRANT SELECT, UPDATE (name) ON app.users TO lightning_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.notes, app.keyed_requests TO lightning_api;
GRANT SELECT, INSERT, DELETE, UPDATE (can_edit) ON app.note_shares TO lightning_api;
GRANT EXECUTE ON FUNCTION app.actor, app.acts_as, app.owns_note, app.find_notes, app.remove_user TO lightning_api;

-- Whoever receives signed tokens: which ones were used.
GRANT SELECT, INSERT, DELETE ON identity.seen_tokens TO lightning_identity, lightning_bff, lightning_admin;
-- Identity removes those that have ended, and skips what somebody holds; to ask for a lock takes this right.
GRANT UPDATE (expires_at) ON identity.seen_tokens TO lightning_identity;

-- Relying parties: their cookies' sessions, and how the session at the provider stands.
GRANT USAGE ON SCHEMA identity, app, web TO lightning_bff, lightning_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON web.sessions TO lightning_bff, lightning_admin;
GRANT SELECT, UPDATE (last_seen_at) ON identity.sessions TO lightning_bff, lightning_admin;
GRANT SELECT ON app.users TO lightning_bff, lightning_admin;
GRANT EXECUTE ON FUNCTION identity.end_session, identity.end_user_sessions TO lightning_bff, lightning_admin;

-- Whoever begins sessions: how many a person may have.
GRANT EXECUTE ON FUNCTION identity.keep_newest_sessions TO lightning_identity, lightning_bff, lightning_admin;

-- Relying parties: the tokens that they hold of another provider, to be revoked there. Row-level security hides all else that waits to be sent.
GRANT SELECT, INSERT, DELETE, UPDATE (due_at, attempts) ON identity.outbox TO lightning_bff, lightning_admin;

-- Where another provider stands in Identity's place: a person who comes back from it, and their session. It touches no account of Identity's own.
GRANT EXECUTE ON FUNCTION identity.begin_foreign_session TO lightning_bff, lightning_admin;

-- Admin: the product's data besides, and of accounts what is no credential.
GRANT SELECT ON app.notes, app.note_shares, audit.entries TO lightning_admin;
GRANT SELECT (id, name, created_at, email, email_confirmed, two_factor_enabled, lockout_end, lockout_enabled, access_failed_count)
  ON identity.accounts TO lightning_admin;
-- What waits to be sent and which keys sign: that they are there, and nothing of what is in them.
GRANT SELECT ON identity.waiting_messages TO lightning_admin;
GRANT SELECT (id, algorithm, created_at, signs_from, successor_due_at, retired_at) ON identity.signing_keys TO lightning_admin;
-- What the policies let an administrator write: a name, and notes and shares of their own.
GRANT UPDATE (name) ON app.users TO lightning_admin;
GRANT INSERT, DELETE, UPDATE (title, body, updated_at, archived_at) ON app.notes TO lightning_admin;
GRANT DELETE, UPDATE (can_edit) ON app.note_shares TO lightning_admin;
GRANT EXECUTE ON FUNCTION identity.end_all TO lightning_admin;
-- It may ask that somebody is mailed a link for a new password. Link and mail are Identity's to make: this role can neither write nor read one.
GRANT EXECUTE ON FUNCTION identity.request_password_reset TO lightning_admin;
-- What it may do about an account, and be told that an administrator acts as somebody. Each function asks by itself whether the session that asks is a living one of an
-- administrator who has signed in within the hour.
GRANT EXECUTE ON FUNCTION identity.disable_user, identity.enable_user, identity.reset_second_factor, identity.remove_user, identity.hand_over TO lightning_admin;
