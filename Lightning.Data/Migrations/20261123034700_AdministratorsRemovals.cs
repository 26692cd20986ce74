using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class AdministratorsRemovals : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                -- Removing somebody, once the right to is established: by the API's function, which asks the connection's actor, and by the admin site's, which asks its session.
                CREATE FUNCTION identity.take_away(who uuid) RETURNS boolean
                LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM identity.end_user_sessions(who, 'account-deleted');
                    DELETE FROM identity.account_links WHERE lower(address) IN (SELECT lower(email) FROM identity.accounts WHERE id = who);
                    DELETE FROM identity.authorizations WHERE user_id = who;
                    DELETE FROM identity.accounts WHERE id = who;
                    DELETE FROM app.users WHERE id = who;
                    RETURN FOUND;
                END $$;

                CREATE OR REPLACE FUNCTION app.remove_user(who uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF NOT app.acts_as('admin') OR who = app.actor() THEN RETURN false; END IF;
                    RETURN identity.take_away(who);
                END $$;

                -- One at a time, so that of two administrators who remove each other one is left.
                CREATE FUNCTION identity.remove_user(who uuid, asked_in uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtextextended('administrators', 0));
                    IF coalesce(identity.administrator_in(asked_in), who) = who THEN RETURN false; END IF;
                    RETURN identity.take_away(who);
                END $$;

                -- An administrator wants somebody to choose a new password, in a session of theirs that was proved within the hour. That is all that is written here: link and mail
                -- are Identity's to make. One at a time.
                DROP FUNCTION identity.request_password_reset(uuid, uuid);
                CREATE FUNCTION identity.request_password_reset(account_id uuid, asked_in uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF identity.administrator_in(asked_in) IS NULL THEN RETURN false; END IF;
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
                CREATE OR REPLACE FUNCTION app.remove_user(who uuid) RETURNS boolean
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    IF NOT app.acts_as('admin') OR who = app.actor() THEN RETURN false; END IF;
                    PERFORM identity.end_user_sessions(who, 'account-deleted');
                    DELETE FROM identity.account_links WHERE lower(address) IN (SELECT lower(email) FROM identity.accounts WHERE id = who);
                    DELETE FROM identity.authorizations WHERE user_id = who;
                    DELETE FROM identity.accounts WHERE id = who;
                    DELETE FROM app.users WHERE id = who;
                    RETURN FOUND;
                END $$;
                DROP FUNCTION identity.remove_user(uuid, uuid), identity.take_away(uuid);
                """);
        }
    }
}
