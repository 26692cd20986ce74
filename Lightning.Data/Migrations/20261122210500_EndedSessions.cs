using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class EndedSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // A person's sessions beyond the limit end oldest first, for one sign-in of theirs at a time: the lock lasts to the end of the transaction that
            // began the newest, so the next one sees what this one has made and ended.
            // Refresh tokens of another provider (nobody here has granted anything in their session) go to the outbox when their session ends, whoever ends it.
            // Of what waits to be sent, each service sees and touches what it sends.
            migrationBuilder.Sql("""
                CREATE FUNCTION identity.keep_newest_sessions(newest uuid, most integer, at timestamptz, idle_since timestamptz) RETURNS SETOF uuid
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

                CREATE OR REPLACE FUNCTION identity.tell_relying_parties(ended uuid[]) RETURNS void
                LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
                    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
                        SELECT gen_random_uuid(), 'logout', told.client_id,
                            convert_to(json_build_object('sid', session.id, 'sub', person.subject)::text, 'UTF8'), clock_timestamp(), 0
                        FROM (SELECT DISTINCT sid, client_id FROM identity.grants WHERE sid = ANY (ended) AND is_told) AS told
                        JOIN identity.sessions AS session ON session.id = told.sid
                        JOIN app.users AS person ON person.id = session.user_id;
                    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
                        SELECT gen_random_uuid(), 'revocation', web.app, web.id_hash || web.tokens, clock_timestamp(), 0
                        FROM web.sessions AS web
                        WHERE web.sid = ANY (ended) AND NOT EXISTS (SELECT FROM identity.grants AS given WHERE given.sid = web.sid);
                $$;

                ALTER TABLE identity.outbox ENABLE ROW LEVEL SECURITY;
                CREATE POLICY own_messages ON identity.outbox
                    USING (current_user = CASE WHEN kind = 'revocation' THEN 'lightning_' || recipient ELSE 'lightning_identity' END);
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP POLICY own_messages ON identity.outbox;
                ALTER TABLE identity.outbox DISABLE ROW LEVEL SECURITY;
                DELETE FROM identity.outbox WHERE kind = 'revocation';

                CREATE OR REPLACE FUNCTION identity.tell_relying_parties(ended uuid[]) RETURNS void
                LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
                    INSERT INTO identity.outbox (id, kind, recipient, payload, due_at, attempts)
                        SELECT gen_random_uuid(), 'logout', told.client_id,
                            convert_to(json_build_object('sid', session.id, 'sub', person.subject)::text, 'UTF8'), clock_timestamp(), 0
                        FROM (SELECT DISTINCT sid, client_id FROM identity.grants WHERE sid = ANY (ended) AND is_told) AS told
                        JOIN identity.sessions AS session ON session.id = told.sid
                        JOIN app.users AS person ON person.id = session.user_id;
                $$;
                DROP FUNCTION identity.keep_newest_sessions(uuid, integer, timestamptz, timestamptz);
                """);
        }
    }
}
