using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class ForeignSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_issuer_foreign_sid",
                schema: "identity",
                table: "sessions");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_issuer_foreign_sid",
                schema: "identity",
                table: "sessions",
                columns: new[] { "issuer", "foreign_sid" },
                unique: true,
                filter: "foreign_sid IS NOT NULL AND ended_at IS NULL");

            // Where another provider stands in Identity's place, whoever takes a sign-in writes person and session by this function and by nothing else.
            // It never touches an account of Identity's own, nor who is an administrator or shut out.
            migrationBuilder.Sql("""
                CREATE FUNCTION identity.begin_foreign_session(
                    new_session uuid, new_user uuid, the_issuer text, the_subject text, the_sid text, the_email text, is_verified boolean, the_name text,
                    began_at timestamptz, proved_at timestamptz, until timestamptz, from_ip text, by_methods text[]) RETURNS uuid
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    person uuid;
                    begun uuid;
                BEGIN
                    INSERT INTO app.users AS known (id, issuer, subject, email, email_verified, name, is_admin, created_at)
                        VALUES (new_user, the_issuer, the_subject, the_email, is_verified, the_name, false, began_at)
                        ON CONFLICT (issuer, subject) DO UPDATE
                            SET email = excluded.email, email_verified = excluded.email_verified, name = excluded.name
                            WHERE known.disabled_at IS NULL AND NOT EXISTS (SELECT FROM identity.accounts AS account WHERE account.id = known.id)
                        RETURNING known.id INTO person;
                    IF person IS NULL THEN RETURN NULL; END IF;
                    PERFORM identity.end_session(old.id, 'expired') FROM identity.sessions AS old
                        WHERE old.issuer = the_issuer AND old.foreign_sid = the_sid AND old.ended_at IS NULL AND old.ends_at <= began_at;
                    INSERT INTO identity.sessions AS known
                        (id, issuer, foreign_sid, user_id, created_at, auth_time, last_seen_at, ends_at, ip, methods)
                        VALUES (new_session, the_issuer, the_sid, person, began_at, proved_at, began_at, until, from_ip, by_methods)
                        ON CONFLICT (issuer, foreign_sid) WHERE foreign_sid IS NOT NULL AND ended_at IS NULL DO UPDATE
                            SET auth_time = GREATEST(known.auth_time, excluded.auth_time), last_seen_at = excluded.last_seen_at, methods = excluded.methods
                            WHERE known.user_id = excluded.user_id
                        RETURNING known.id INTO begun;
                    RETURN begun;
                END $$;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("DROP FUNCTION identity.begin_foreign_session(uuid, uuid, text, text, text, text, boolean, text, timestamptz, timestamptz, timestamptz, text, text[])");

            migrationBuilder.DropIndex(
                name: "ix_sessions_issuer_foreign_sid",
                schema: "identity",
                table: "sessions");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_issuer_foreign_sid",
                schema: "identity",
                table: "sessions",
                columns: new[] { "issuer", "foreign_sid" },
                unique: true,
                filter: "foreign_sid IS NOT NULL");
        }
    }
}
