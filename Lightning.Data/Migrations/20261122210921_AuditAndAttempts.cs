using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AuditAndAttempts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "attempts",
                schema: "identity",
                columns: table => new
                {
                    key_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    full_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_attempts", x => x.key_hash);
                });

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "at" },
                filter: "action IN ('refreshed', 'sign-in-failed')");

            migrationBuilder.CreateIndex(
                name: "ix_attempts_full_at",
                schema: "identity",
                table: "attempts",
                column: "full_at");

            // The book is nobody's to change; of refreshes and failed sign-ins, of which there are many, what is old enough is forgotten by this function. The last
            // day's stay whoever calls it.
            migrationBuilder.Sql("""
                CREATE FUNCTION audit.forget(what text, before timestamptz, most integer) RETURNS integer
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    forgotten integer;
                BEGIN
                    DELETE FROM audit.entries WHERE id = ANY (ARRAY(
                        SELECT id FROM audit.entries
                        WHERE action = what AND action IN ('refreshed', 'sign-in-failed') AND at < LEAST(before, clock_timestamp() - interval '1 day')
                        ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED));
                    GET DIAGNOSTICS forgotten = ROW_COUNT;
                    RETURN forgotten;
                END $$;

                -- An administrator wants somebody to choose a new password. That is all that is written here: link and mail are Identity's to make. One at a time.
                CREATE FUNCTION identity.request_password_reset(account_id uuid, asked_by uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF NOT EXISTS (SELECT FROM app.users AS person WHERE person.id = asked_by AND person.is_admin AND person.disabled_at IS NULL) THEN RETURN false; END IF;
                    PERFORM FROM identity.accounts AS account WHERE account.id = account_id FOR NO KEY UPDATE;
                    IF NOT FOUND OR EXISTS (SELECT FROM identity.outbox AS waiting WHERE waiting.kind = 'password-reset' AND waiting.recipient = account_id::text) THEN RETURN false; END IF;
                    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
                        VALUES (gen_random_uuid(), 'password-reset', account_id::text, '', clock_timestamp(), 0);
                    RETURN true;
                END $$;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP FUNCTION identity.request_password_reset(uuid, uuid);
                DROP FUNCTION audit.forget(text, timestamptz, integer);
                DELETE FROM identity.outbox WHERE kind = 'password-reset';
                """);

            migrationBuilder.DropTable(
                name: "attempts",
                schema: "identity");

            migrationBuilder.DropIndex(
                name: "ix_entries_action_at",
                schema: "audit",
                table: "entries");
        }
    }
}
