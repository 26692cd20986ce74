using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class EndSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // A session ends by these functions and by nothing else: mark it, revoke its refresh tokens, tell every replica.
            migrationBuilder.Sql("""
                CREATE FUNCTION identity.end_session(sid uuid, reason text) RETURNS boolean
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

                CREATE FUNCTION identity.end_user_sessions(user_id uuid, reason text, except_sid uuid DEFAULT NULL) RETURNS integer
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

                CREATE FUNCTION identity.end_all(reason text) RETURNS integer
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

                ALTER TABLE keys.data_protection ENABLE ROW LEVEL SECURITY;
                CREATE POLICY own_ring ON keys.data_protection USING (service = current_user) WITH CHECK (service = current_user);
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP POLICY own_ring ON keys.data_protection;
                ALTER TABLE keys.data_protection DISABLE ROW LEVEL SECURITY;
                DROP FUNCTION identity.end_all(text);
                DROP FUNCTION identity.end_user_sessions(uuid, text, uuid);
                DROP FUNCTION identity.end_session(uuid, text);
                """);
        }
    }
}
