using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class Feed : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Whatever a process may remember of a session or a user is told on the channel when it changes, whoever changed it. The functions that
            // end sessions tell by themselves. When a session was last used is written often and told to nobody.
            migrationBuilder.Sql("""
                CREATE FUNCTION app.tell_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM pg_notify('lightning', 'user:' || OLD.id);
                    RETURN NULL;
                END $$;
                CREATE TRIGGER tell_change AFTER UPDATE OF is_admin, disabled_at, email, email_verified, name ON app.users
                    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION app.tell_user();
                CREATE TRIGGER tell_deletion AFTER DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.tell_user();

                CREATE FUNCTION identity.tell_session() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM pg_notify('lightning', 'session:' || OLD.id);
                    RETURN NULL;
                END $$;
                CREATE TRIGGER tell_change AFTER UPDATE OF auth_time ON identity.sessions
                    FOR EACH ROW WHEN (OLD.auth_time IS DISTINCT FROM NEW.auth_time) EXECUTE FUNCTION identity.tell_session();
                CREATE TRIGGER tell_deletion AFTER DELETE ON identity.sessions
                    FOR EACH ROW WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION identity.tell_session();

                -- A cookie that was replaced or signed out, tokens that were replaced, and a lease given back: others wait for that.
                CREATE FUNCTION web.tell_session() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM pg_notify('lightning', 'web:' || encode(OLD.id_hash, 'hex'));
                    RETURN NULL;
                END $$;
                CREATE TRIGGER tell_change AFTER UPDATE OF tokens, token_expires_at, refresh_lease_owner ON web.sessions
                    FOR EACH ROW WHEN (NEW.refresh_lease_owner IS NULL) EXECUTE FUNCTION web.tell_session();
                CREATE TRIGGER tell_deletion AFTER DELETE ON web.sessions FOR EACH ROW EXECUTE FUNCTION web.tell_session();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP FUNCTION web.tell_session() CASCADE;
                DROP FUNCTION identity.tell_session() CASCADE;
                DROP FUNCTION app.tell_user() CASCADE;
                """);
        }
    }
}
