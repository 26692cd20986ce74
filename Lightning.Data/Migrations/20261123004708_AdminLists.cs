using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AdminLists : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "ix_users_created_at_id",
                schema: "app",
                table: "users",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_users_email_id",
                schema: "app",
                table: "users",
                columns: new[] { "email", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_created_at_id",
                schema: "identity",
                table: "sessions",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_notes_created_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_notes_updated_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "updated_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_action_id",
                schema: "audit",
                table: "entries",
                columns: new[] { "action", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_entries_at",
                schema: "audit",
                table: "entries",
                column: "at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_accounts_created_at_id",
                schema: "identity",
                table: "accounts",
                columns: new[] { "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_accounts_email_id",
                schema: "identity",
                table: "accounts",
                columns: new[] { "email", "id" });

            // What columns cannot say: what the admin site's searches are served by, and the outbox without what is in it.
            migrationBuilder.Sql("""
                CREATE INDEX ix_users_words ON app.users USING gin (to_tsvector('simple', email || ' ' || name));
                CREATE INDEX ix_accounts_words ON identity.accounts USING gin (to_tsvector('simple', COALESCE(email, '') || ' ' || name));
                CREATE INDEX ix_note_shares_words ON app.note_shares USING gin (to_tsvector('simple', address));
                CREATE VIEW identity.waiting_messages AS SELECT id, kind, recipient, due_at, attempts FROM identity.outbox;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP VIEW identity.waiting_messages;
                DROP INDEX app.ix_users_words, identity.ix_accounts_words, app.ix_note_shares_words;
                """);

            migrationBuilder.DropIndex(
                name: "ix_users_created_at_id",
                schema: "app",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_users_email_id",
                schema: "app",
                table: "users");

            migrationBuilder.DropIndex(
                name: "ix_sessions_created_at_id",
                schema: "identity",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_notes_created_at_id",
                schema: "app",
                table: "notes");

            migrationBuilder.DropIndex(
                name: "ix_notes_updated_at_id",
                schema: "app",
                table: "notes");

            migrationBuilder.DropIndex(
                name: "ix_entries_action_id",
                schema: "audit",
                table: "entries");

            migrationBuilder.DropIndex(
                name: "ix_entries_at",
                schema: "audit",
                table: "entries");

            migrationBuilder.DropIndex(
                name: "ix_accounts_created_at_id",
                schema: "identity",
                table: "accounts");

            migrationBuilder.DropIndex(
                name: "ix_accounts_email_id",
                schema: "identity",
                table: "accounts");
        }
    }
}
