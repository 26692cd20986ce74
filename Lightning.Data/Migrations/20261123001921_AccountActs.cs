using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AccountActs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries");

            migrationBuilder.AddColumn<Guid>(
                name: "actor_id",
                schema: "identity",
                table: "sessions",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "actor_sid",
                schema: "identity",
                table: "sessions",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "acted_by",
                schema: "audit",
                table: "entries",
                type: "uuid",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "handovers",
                schema: "identity",
                columns: table => new
                {
                    code_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    reason = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    used_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_handovers", x => x.code_hash);
                    table.ForeignKey(
                        name: "fk_handovers_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_handovers_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_actor_id",
                schema: "identity",
                table: "sessions",
                column: "actor_id",
                filter: "actor_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_actor_sid",
                schema: "identity",
                table: "sessions",
                column: "actor_sid",
                filter: "actor_sid IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "at" },
                filter: "action IN ('refreshed', 'sign-in-failed', 'signed-in')");

            migrationBuilder.CreateIndex(
                name: "ix_entries_changes",
                schema: "audit",
                table: "entries",
                column: "id",
                filter: "action NOT IN ('refreshed', 'sign-in-failed', 'signed-in')");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_created_at",
                schema: "identity",
                table: "handovers",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_session_id",
                schema: "identity",
                table: "handovers",
                column: "sid");

            migrationBuilder.CreateIndex(
                name: "ix_handovers_user_id",
                schema: "identity",
                table: "handovers",
                column: "user_id");

            migrationBuilder.AddForeignKey(
                name: "fk_sessions_sessions_actor_sid",
                schema: "identity",
                table: "sessions",
                column: "actor_sid",
                principalSchema: "identity",
                principalTable: "sessions",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);

            migrationBuilder.AddForeignKey(
                name: "fk_sessions_users_actor_id",
                schema: "identity",
                table: "sessions",
                column: "actor_id",
                principalSchema: "app",
                principalTable: "users",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);

            migrationBuilder.Sql("""
                -- Who an administrator is, for the functions below, says their session: alive, theirs and not one in which they act as somebody, proved within the hour.
                CREATE FUNCTION identity.administrator_in(sid uuid) RETURNS uuid
                LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
                    SELECT person.id FROM identity.sessions AS asking JOIN app.users AS person ON person.id = asking.user_id
                    WHERE asking.id = administrator_in.sid AND asking.actor_id IS NULL AND asking.ended_at IS NULL AND asking.ends_at > clock_timestamp()
                        AND asking.auth_time > clock_timestamp() - interval '1 hour' AND person.is_admin AND person.disabled_at IS NULL;
                $$;

                -- One at a time, so that of two administrators who shut each other out one is left.
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

                -- With the stamps, so that no sign-in that was proved by what is taken away is still taken, and no older copy of the row written over this.
                CREATE FUNCTION identity.reset_second_factor(account_id uuid, asked_in uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF coalesce(identity.administrator_in(asked_in), account_id) = account_id THEN RETURN false; END IF;
                    PERFORM FROM identity.accounts AS account WHERE account.id = account_id FOR UPDATE;
                    IF NOT EXISTS (SELECT FROM identity.accounts AS account WHERE account.id = account_id AND account.two_factor_enabled)
                        AND NOT EXISTS (SELECT FROM identity.account_passkeys AS passkey WHERE passkey.user_id = account_id)
                        AND NOT EXISTS (SELECT FROM identity.account_recovery_codes AS code WHERE code.account_id = reset_second_factor.account_id) THEN RETURN false; END IF;
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

                -- Acting as somebody. The hand-over is good in the browser of the session that asked for it, which Identity sees to.
                CREATE FUNCTION identity.hand_over(code bytea, who uuid, asked_in uuid, why text) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF coalesce(identity.administrator_in(asked_in), who) = who OR btrim(why) = '' THEN RETURN false; END IF;
                    INSERT INTO identity.handovers (code_hash, sid, user_id, reason, created_at)
                        SELECT code, asked_in, person.id, why, clock_timestamp() FROM app.users AS person
                        WHERE person.id = who AND NOT person.is_admin AND person.disabled_at IS NULL;
                    RETURN FOUND;
                END $$;

                -- The book names both, whichever service writes it.
                CREATE FUNCTION audit.name_both() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    NEW.acted_by := (SELECT session.actor_id FROM identity.sessions AS session WHERE session.id = NEW.session_id);
                    RETURN NEW;
                END $$;
                CREATE TRIGGER name_both BEFORE INSERT ON audit.entries FOR EACH ROW WHEN (NEW.session_id IS NOT NULL) EXECUTE FUNCTION audit.name_both();

                -- An end of acting is in the book whatever brought it, and comes with the end of the administrator's own session.
                CREATE FUNCTION identity.end_acting() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF NEW.actor_id IS NOT NULL THEN
                        INSERT INTO audit.entries (at, service, action, user_id, session_id, subject_type, subject_id, details)
                            VALUES (NEW.ended_at, session_user, 'acting-ended', NEW.actor_id, NEW.id, 'user', NEW.user_id::text, jsonb_build_object('reason', NEW.end_reason));
                    END IF;
                    PERFORM identity.end_session(acting.id, 'administrator-left') FROM identity.sessions AS acting WHERE acting.actor_sid = NEW.id AND acting.ended_at IS NULL;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER end_acting AFTER UPDATE OF ended_at ON identity.sessions
                    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION identity.end_acting();

                -- And with the right to it, on either side: nobody acts as an administrator.
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
                    FOR EACH ROW WHEN (OLD.is_admin <> NEW.is_admin OR (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL)) EXECUTE FUNCTION app.end_acting();

                -- Where an administrator acts is none of the places at which the person is signed in, and takes none away.
                CREATE OR REPLACE FUNCTION identity.keep_newest_sessions(newest uuid, most integer, at timestamptz, idle_since timestamptz) RETURNS SETOF uuid
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    person uuid := (SELECT user_id FROM identity.sessions WHERE id = newest);
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtextextended('sessions of ' || person, 0));
                    RETURN QUERY SELECT old.id FROM (
                        SELECT session.id FROM identity.sessions AS session
                        WHERE session.user_id = person AND session.id <> newest AND session.ended_at IS NULL AND session.ends_at > at AND session.last_seen_at > idle_since
                            AND session.actor_id IS NULL
                        ORDER BY session.created_at DESC, session.id DESC OFFSET most - 1) AS old
                        WHERE identity.end_session(old.id, 'evicted');
                END $$;

                -- The witness holds whoever acts as somebody to what the rules leave to the person themself.
                ALTER POLICY make ON app.note_shares WITH CHECK (app.owns_note(note_id) AND (SELECT app.acts_as('verified')) AND (SELECT app.acts_as('themself')));
                ALTER POLICY change ON app.note_shares USING (app.owns_note(note_id) AND (SELECT app.acts_as('themself')));
                ALTER POLICY change ON app.users USING ((id = (SELECT app.actor()) AND (SELECT app.acts_as('themself'))) OR (SELECT app.acts_as('admin')));
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                ALTER POLICY make ON app.note_shares WITH CHECK (app.owns_note(note_id) AND (SELECT app.acts_as('verified')));
                ALTER POLICY change ON app.note_shares USING (app.owns_note(note_id));
                ALTER POLICY change ON app.users USING (id = (SELECT app.actor()) OR (SELECT app.acts_as('admin')));

                CREATE OR REPLACE FUNCTION identity.keep_newest_sessions(newest uuid, most integer, at timestamptz, idle_since timestamptz) RETURNS SETOF uuid
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    person uuid := (SELECT user_id FROM identity.sessions WHERE id = newest);
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtextextended('sessions of ' || person, 0));
                    RETURN QUERY SELECT old.id FROM (
                        SELECT session.id FROM identity.sessions AS session
                        WHERE session.user_id = person AND session.id <> newest AND session.ended_at IS NULL AND session.ends_at > at AND session.last_seen_at > idle_since
                        ORDER BY session.created_at DESC, session.id DESC OFFSET most - 1) AS old
                        WHERE identity.end_session(old.id, 'evicted');
                END $$;

                DROP TRIGGER end_acting ON app.users;
                DROP TRIGGER end_acting ON identity.sessions;
                DROP TRIGGER name_both ON audit.entries;
                DROP FUNCTION app.end_acting(), identity.end_acting(), audit.name_both(), identity.hand_over(bytea, uuid, uuid, text), identity.reset_second_factor(uuid, uuid),
                    identity.enable_user(uuid, uuid), identity.disable_user(uuid, uuid), identity.administrator_in(uuid);
                -- Nobody can act as anybody any more, and a session that lost its administrator would be the person's.
                SELECT identity.end_session(id, 'acting-removed') FROM identity.sessions WHERE actor_id IS NOT NULL;
                DELETE FROM identity.outbox WHERE kind = 'second-factor-reset';
                """);

            migrationBuilder.DropForeignKey(
                name: "fk_sessions_sessions_actor_sid",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropForeignKey(
                name: "fk_sessions_users_actor_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropTable(
                name: "handovers",
                schema: "identity");

            migrationBuilder.DropIndex(
                name: "ix_sessions_actor_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_sessions_actor_sid",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries");

            migrationBuilder.DropIndex(
                name: "ix_entries_changes",
                schema: "audit",
                table: "entries");

            migrationBuilder.DropColumn(
                name: "actor_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "actor_sid",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "acted_by",
                schema: "audit",
                table: "entries");

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "at" },
                filter: "action IN ('refreshed', 'sign-in-failed')");
        }
    }
}
