using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class BackChannel : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "successor_due_at",
                schema: "identity",
                table: "signing_keys",
                type: "timestamp with time zone",
                nullable: false,
                defaultValue: new DateTimeOffset(new DateTime(1, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified), new TimeSpan(0, 0, 0, 0, 0)));

            migrationBuilder.AddColumn<string>(
                name: "recipient",
                schema: "identity",
                table: "outbox",
                type: "character varying(100)",
                maxLength: 100,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "grants",
                schema: "identity",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    sid = table.Column<Guid>(type: "uuid", nullable: false),
                    client_id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    is_told = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_grants", x => x.id);
                    table.ForeignKey(
                        name: "fk_grants_sessions_session_id",
                        column: x => x.sid,
                        principalSchema: "identity",
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_outbox_kind_recipient_due_at",
                schema: "identity",
                table: "outbox",
                columns: new[] { "kind", "recipient", "due_at" });

            migrationBuilder.CreateIndex(
                name: "ix_grants_session_id",
                schema: "identity",
                table: "grants",
                column: "sid");

            // Whoever was given tokens for a session, and wants to hear of its end, is told of it by rows of the outbox, written in the transaction that ends it.
            migrationBuilder.Sql("""
                INSERT INTO identity.grants (id, sid, client_id, is_told, created_at, revoked_at)
                    SELECT family, sid, client_id, true, min(created_at), CASE WHEN bool_and(revoked_at IS NOT NULL) THEN max(revoked_at) END
                    FROM identity.refresh_tokens GROUP BY family, sid, client_id;
                UPDATE identity.signing_keys SET successor_due_at = signs_from + interval '89 days';

                CREATE FUNCTION identity.tell_relying_parties(ended uuid[]) RETURNS void
                LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
                    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
                        SELECT gen_random_uuid(), 'logout', told.client_id,
                            convert_to(json_build_object('sid', session.id, 'sub', person.subject)::text, 'UTF8'), clock_timestamp(), 0
                        FROM (SELECT DISTINCT sid, client_id FROM identity.grants WHERE sid = ANY (ended) AND is_told) AS told
                        JOIN identity.sessions AS session ON session.id = told.sid
                        JOIN app.users AS person ON person.id = session.user_id;
                $$;

                CREATE OR REPLACE FUNCTION identity.end_session(sid uuid, reason text) RETURNS boolean
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

                CREATE OR REPLACE FUNCTION identity.end_user_sessions(user_id uuid, reason text, except_sid uuid DEFAULT NULL) RETURNS integer
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

                CREATE OR REPLACE FUNCTION identity.end_all(reason text) RETURNS integer
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
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                CREATE OR REPLACE FUNCTION identity.end_session(sid uuid, reason text) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    UPDATE identity.sessions SET ended_at = clock_timestamp(), end_reason = reason
                        WHERE id = end_session.sid AND ended_at IS NULL;
                    IF NOT FOUND THEN RETURN false; END IF;
                    UPDATE identity.refresh_tokens AS token SET revoked_at = clock_timestamp()
                        WHERE token.sid = end_session.sid AND token.revoked_at IS NULL;
                    PERFORM pg_notify('lightning', 'session:' || end_session.sid);
                    RETURN true;
                END $$;

                CREATE OR REPLACE FUNCTION identity.end_user_sessions(user_id uuid, reason text, except_sid uuid DEFAULT NULL) RETURNS integer
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
                    PERFORM pg_notify('lightning', 'user:' || end_user_sessions.user_id);
                    RETURN cardinality(ended);
                END $$;

                CREATE OR REPLACE FUNCTION identity.end_all(reason text) RETURNS integer
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    ended integer;
                BEGIN
                    UPDATE identity.sessions SET ended_at = clock_timestamp(), end_reason = reason WHERE ended_at IS NULL;
                    GET DIAGNOSTICS ended = ROW_COUNT;
                    UPDATE identity.refresh_tokens SET revoked_at = clock_timestamp() WHERE revoked_at IS NULL;
                    PERFORM pg_notify('lightning', 'all');
                    RETURN ended;
                END $$;

                DROP FUNCTION identity.tell_relying_parties(uuid[]);
                DELETE FROM identity.outbox WHERE kind = 'logout';
                """);

            migrationBuilder.DropTable(
                name: "grants",
                schema: "identity");

            migrationBuilder.DropIndex(
                name: "ix_outbox_kind_recipient_due_at",
                schema: "identity",
                table: "outbox");

            migrationBuilder.DropColumn(
                name: "successor_due_at",
                schema: "identity",
                table: "signing_keys");

            migrationBuilder.DropColumn(
                name: "recipient",
                schema: "identity",
                table: "outbox");
        }
    }
}
