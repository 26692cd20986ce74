-- The rights of each service's role. Every `migrate` applies this file: it revokes everything, then grants.
REVOKE ALL ON ALL TABLES IN SCHEMA identity, web, app, keys, audit
    FROM lightning_identity, lightning_api, lightning_bff, lightning_admin;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity, app, audit
    FROM PUBLIC, lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- All services: their own data-protection key ring; row-level security hides the others'.
GRANT USAGE ON SCHEMA keys TO lightning_identity, lightning_api, lightning_bff, lightning_admin;
GRANT SELECT, INSERT ON keys.data_protection TO lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- All services: append to the audit log. The database fills the column "service".
GRANT USAGE ON SCHEMA audit TO lightning_identity, lightning_api, lightning_bff, lightning_admin;
GRANT INSERT (at, action, user_id, session_id, subject_type, subject_id, details, ip, trace_id), SELECT (id, service)
    ON audit.entries TO lightning_identity, lightning_api, lightning_bff, lightning_admin;

-- Services that write searched text: the functions of their indexes.
GRANT EXECUTE ON FUNCTION app.search_words, app.search_vector TO lightning_identity, lightning_api, lightning_admin;
GRANT EXECUTE ON FUNCTION app.search_phrase TO lightning_admin;

-- Identity: accounts and the protocol. Only the functions end a session.
GRANT USAGE ON SCHEMA identity, app TO lightning_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    identity.accounts, identity.account_claims, identity.account_links, identity.account_logins,
    identity.account_passkeys, identity.account_recovery_codes, identity.account_tokens,
    identity.authorizations, identity.refresh_tokens, identity.grants, identity.outbox, identity.attempts, app.users
    TO lightning_identity;
GRANT SELECT, INSERT, UPDATE (retired_at) ON identity.signing_keys TO lightning_identity;
GRANT SELECT, INSERT, DELETE, UPDATE (auth_time, cookie_hash, last_seen_at, methods)
    ON identity.sessions TO lightning_identity;
GRANT EXECUTE ON FUNCTION identity.end_session, identity.end_user_sessions TO lightning_identity;
-- Sends invitations.
GRANT SELECT ON app.invitations, app.organizations TO lightning_identity;
-- Redeems impersonation tickets, and cannot issue one.
GRANT SELECT, DELETE, UPDATE (used_at) ON identity.handovers TO lightning_identity;
-- Deletes old refreshes and failed sign-ins from the audit log, and nothing else of it.
GRANT EXECUTE ON FUNCTION audit.forget TO lightning_identity;

-- API: whether a session is alive and a user enabled, and the product's own data. No credential, no signing key, no
-- web session.
GRANT USAGE ON SCHEMA identity, app TO lightning_api;
GRANT SELECT (id, issuer, foreign_sid, user_id, created_at, ends_at, ended_at, actor_id, actor_may_write)
    ON identity.sessions TO lightning_api;
GRANT SELECT, UPDATE (name) ON app.users TO lightning_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.notes, app.keyed_requests TO lightning_api;
GRANT SELECT, INSERT, DELETE, UPDATE (can_edit) ON app.note_shares TO lightning_api;
GRANT SELECT, DELETE ON app.deleted_notes TO lightning_api;
GRANT SELECT, UPDATE (name, slug) ON app.organizations TO lightning_api;
GRANT SELECT, DELETE, UPDATE (role) ON app.memberships TO lightning_api;
GRANT SELECT, INSERT, DELETE, UPDATE (expires_at) ON app.invitations TO lightning_api;
GRANT EXECUTE ON FUNCTION app.memberships_of, app.member_of, app.admin_of, app.owner_of, app.create_organization,
    app.is_slug_free, app.delete_organization, app.people_of, app.is_member_address, app.invitation_names,
    app.accept_invitation, app.purge_deleted_organizations,
    app.purge_expired_invitations TO lightning_api;
GRANT EXECUTE ON FUNCTION app.actor, app.acts_as, app.note_shares_giver, app.find_notes, app.restore_note,
    app.purge_deleted_notes, app.remove_user TO lightning_api;

-- Receivers of signed tokens: which tokens were used.
GRANT SELECT, INSERT, DELETE ON identity.seen_tokens TO lightning_identity, lightning_bff, lightning_admin;
-- Identity deletes the expired ones with SKIP LOCKED, and a row lock requires UPDATE on a column.
GRANT UPDATE (expires_at) ON identity.seen_tokens TO lightning_identity;

-- Relying parties: their cookies' sessions, and the state of the session at the provider.
GRANT USAGE ON SCHEMA identity, app, web TO lightning_bff, lightning_admin;
-- The columns that identify a session and its user cannot be changed. Row-level security hides the sessions of the
-- other relying party.
GRANT SELECT, INSERT, DELETE,
    UPDATE (last_seen_at, tokens, token_expires_at, refresh_lease_owner, refresh_lease_until)
    ON web.sessions TO lightning_bff, lightning_admin;
GRANT SELECT, UPDATE (last_seen_at) ON identity.sessions TO lightning_bff, lightning_admin;
GRANT SELECT ON app.users TO lightning_bff, lightning_admin;
GRANT EXECUTE ON FUNCTION identity.end_session, identity.end_user_sessions TO lightning_bff, lightning_admin;

-- Admin: forms whose user had to sign in again, encrypted by its key ring.
GRANT SELECT, INSERT, DELETE ON web.form_drafts TO lightning_admin;

-- Services that begin sessions: the limit of sessions per user.
GRANT EXECUTE ON FUNCTION identity.keep_newest_sessions TO lightning_identity, lightning_bff, lightning_admin;

-- Relying parties: revocation messages for the tokens of an external provider that they hold. Row-level security hides
-- all other messages.
GRANT SELECT, INSERT, DELETE, UPDATE (due_at, attempts, failed_at, last_error) ON identity.outbox
    TO lightning_bff, lightning_admin;

-- Relying parties of an external provider: record a sign-in there. The function never changes an account of Identity.
GRANT EXECUTE ON FUNCTION identity.begin_foreign_session TO lightning_bff, lightning_admin;

-- Admin: the product's data too, and the accounts' columns that hold no credential.
GRANT SELECT ON app.notes, app.note_shares, app.organizations, app.memberships, app.invitations, audit.entries
    TO lightning_admin;
GRANT SELECT (id, name, created_at, email, email_confirmed, two_factor_enabled, lockout_end, lockout_enabled,
    access_failed_count) ON identity.accounts TO lightning_admin;
-- Waiting messages without their payload, and signing keys without the private key.
GRANT SELECT ON identity.waiting_messages TO lightning_admin;
GRANT EXECUTE ON FUNCTION identity.send_again TO lightning_admin;
GRANT SELECT (id, algorithm, created_at, signs_from, successor_due_at, retired_at) ON identity.signing_keys
    TO lightning_admin;
-- What the policies let an administrator write: a user's name, and the administrator's own notes and shares.
GRANT UPDATE (name) ON app.users TO lightning_admin;
GRANT INSERT, DELETE, UPDATE (title, body, updated_at, archived_at) ON app.notes TO lightning_admin;
GRANT DELETE, UPDATE (can_edit) ON app.note_shares TO lightning_admin;
GRANT EXECUTE ON FUNCTION identity.end_all TO lightning_admin;
-- Requests a password reset. Identity makes the link and the mail; this role can neither write nor read one.
GRANT EXECUTE ON FUNCTION identity.request_password_reset TO lightning_admin;
-- Each of these functions checks that the asking session is an administrator's, alive, and authenticated within the
-- last hour.
GRANT EXECUTE ON FUNCTION identity.disable_user, identity.enable_user, identity.reset_second_factor,
    identity.remove_user, identity.hand_over TO lightning_admin;
