using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class Sharing : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<uint>(
                name: "xmin",
                schema: "app",
                table: "users",
                type: "xid",
                rowVersion: true,
                nullable: false,
                defaultValue: 0u);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "archived_at",
                schema: "app",
                table: "notes",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "pinned_at",
                schema: "app",
                table: "notes",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "keyed_requests",
                schema: "app",
                columns: table => new
                {
                    user_id = table.Column<Guid>(type: "uuid", nullable: false),
                    key = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false),
                    request_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    status = table.Column<int>(type: "integer", nullable: false),
                    headers = table.Column<string>(type: "jsonb", nullable: false),
                    body = table.Column<byte[]>(type: "bytea", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_keyed_requests", x => new { x.user_id, x.key });
                    table.ForeignKey(
                        name: "fk_keyed_requests_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "note_shares",
                schema: "app",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    note_id = table.Column<Guid>(type: "uuid", nullable: false),
                    address = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    user_id = table.Column<Guid>(type: "uuid", nullable: true),
                    can_edit = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_note_shares", x => x.id);
                    table.ForeignKey(
                        name: "fk_note_shares_notes_note_id",
                        column: x => x.note_id,
                        principalSchema: "app",
                        principalTable: "notes",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_note_shares_users_user_id",
                        column: x => x.user_id,
                        principalSchema: "app",
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_notes_owner_id_created_at_id",
                schema: "app",
                table: "notes",
                columns: new[] { "owner_id", "created_at", "id" },
                descending: new[] { false, true, true });

            migrationBuilder.CreateIndex(
                name: "ix_notes_owner_id_title_id",
                schema: "app",
                table: "notes",
                columns: new[] { "owner_id", "title", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_keyed_requests_expires_at",
                schema: "app",
                table: "keyed_requests",
                column: "expires_at");

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_address",
                schema: "app",
                table: "note_shares",
                column: "address",
                filter: "user_id IS NULL");

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_note_id_address",
                schema: "app",
                table: "note_shares",
                columns: new[] { "note_id", "address" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_note_shares_user_id_note_id",
                schema: "app",
                table: "note_shares",
                columns: new[] { "user_id", "note_id" });

            // What tables and columns cannot say: search, claiming, notifications, row-level security.
            migrationBuilder.Sql("""
                -- What a note is searched by. Behind row-level security no index can serve it, because no search operator is leakproof: a search is narrowed
                -- to one's own notes and those shared first.
                ALTER TABLE app.notes ADD COLUMN words tsvector NOT NULL
                    GENERATED ALWAYS AS (setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', body), 'B')) STORED;

                -- Whose an address is, the database finds out: when something is shared with it, and when somebody proves that it is theirs. Both take the
                -- same lock, so that neither misses the other.
                CREATE FUNCTION app.resolve_share() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtextextended('share:' || NEW.address, 0));
                    NEW.user_id := (
                        SELECT person.id FROM app.notes AS note JOIN app.users AS giver ON giver.id = note.owner_id
                        JOIN app.users AS person ON person.issuer = giver.issuer AND person.id <> giver.id
                        WHERE note.id = NEW.note_id AND person.email_verified AND lower(person.email COLLATE "C") = NEW.address
                        ORDER BY person.created_at, person.id LIMIT 1);
                    RETURN NEW;
                END $$;
                CREATE TRIGGER resolve BEFORE INSERT ON app.note_shares FOR EACH ROW EXECUTE FUNCTION app.resolve_share();
                CREATE INDEX ix_users_address ON app.users (lower(email COLLATE "C"), issuer);

                CREATE FUNCTION app.claim_shares() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    folded text := lower(NEW.email COLLATE "C");
                BEGIN
                    PERFORM pg_advisory_xact_lock(hashtextextended('share:' || folded, 0));
                    UPDATE app.note_shares AS share SET user_id = NEW.id
                        FROM app.notes AS note JOIN app.users AS giver ON giver.id = note.owner_id
                        WHERE share.address = folded AND share.user_id IS NULL
                            AND note.id = share.note_id AND giver.issuer = NEW.issuer AND giver.id <> NEW.id;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER claim_shares AFTER INSERT OR UPDATE OF email, email_verified ON app.users
                    FOR EACH ROW WHEN (NEW.email_verified) EXECUTE FUNCTION app.claim_shares();

                -- Whoever can see a note is told when it changes: by ids, and what they may see of it they ask for themselves. Whoever shared it is not told when
                -- somebody proves that the address is theirs.
                CREATE FUNCTION app.tell_people(note uuid, people uuid[]) RETURNS void
                LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    FOR place IN 1 .. coalesce(cardinality(people), 0) BY 100 LOOP
                        PERFORM pg_notify('lightning_notes', note || ' ' || array_to_string(people[place : place + 99], ' '));
                    END LOOP;
                END $$;

                CREATE FUNCTION app.tell_note() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    about app.notes := coalesce(NEW, OLD);
                BEGIN
                    PERFORM app.tell_people(about.id, ARRAY[about.owner_id] || ARRAY(
                        SELECT DISTINCT share.user_id FROM app.note_shares AS share WHERE share.note_id = about.id AND share.user_id IS NOT NULL));
                    RETURN NULL;
                END $$;
                CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON app.notes FOR EACH ROW EXECUTE FUNCTION app.tell_note();

                CREATE FUNCTION app.tell_share() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                DECLARE
                    about app.note_shares := coalesce(NEW, OLD);
                BEGIN
                    IF TG_OP <> 'UPDATE' OR OLD.can_edit <> NEW.can_edit THEN
                        PERFORM app.tell_people(about.note_id, ARRAY(SELECT note.owner_id FROM app.notes AS note WHERE note.id = about.note_id));
                    END IF;
                    IF about.user_id IS NOT NULL THEN PERFORM app.tell_people(about.note_id, ARRAY[about.user_id]); END IF;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON app.note_shares FOR EACH ROW EXECUTE FUNCTION app.tell_share();

                -- People. A name is Identity's too. Removing somebody ends their sessions everywhere and takes their account along; the book keeps what was done,
                -- and loses the words of their notes.
                CREATE FUNCTION app.rename_account() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    UPDATE identity.accounts SET name = NEW.name WHERE id = NEW.id;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER rename_account AFTER UPDATE OF name ON app.users
                    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION app.rename_account();

                CREATE FUNCTION app.forget_words() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                BEGIN
                    UPDATE audit.entries SET details = NULL WHERE subject_type = 'note' AND details IS NOT NULL AND subject_id IN (
                        SELECT made.subject_id FROM audit.entries AS made WHERE made.user_id = OLD.id AND made.action = 'note.created');
                    RETURN NULL;
                END $$;
                CREATE TRIGGER forget_words AFTER DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.forget_words();

                -- Row-level security: a witness that holds the API's queries against the same rules. Who acts, each connection says when it is opened.
                CREATE FUNCTION app.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
                    SELECT nullif(current_setting('lightning.actor', true), '')::uuid $$;
                CREATE FUNCTION app.acts_as(what text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
                    SELECT what = ANY (string_to_array(coalesce(current_setting('lightning.acts_as', true), ''), ' ')) $$;
                -- The policies of notes ask the shares, so those of shares must not ask the notes: they ask this function, which no policy holds.
                CREATE FUNCTION app.owns_note(note uuid) RETURNS boolean
                LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
                    SELECT EXISTS (SELECT FROM app.notes WHERE id = owns_note.note AND owner_id = app.actor()) $$;

                CREATE FUNCTION app.remove_user(who uuid) RETURNS boolean
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

                ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY;
                CREATE POLICY admin_site ON app.notes TO lightning_admin USING (true) WITH CHECK (true);
                CREATE POLICY see ON app.notes FOR SELECT TO lightning_api USING (
                    owner_id = (SELECT app.actor()) OR (SELECT app.acts_as('admin'))
                    OR EXISTS (SELECT FROM app.note_shares AS share WHERE share.note_id = notes.id AND share.user_id = (SELECT app.actor())));
                CREATE POLICY make ON app.notes FOR INSERT TO lightning_api WITH CHECK (owner_id = (SELECT app.actor()));
                CREATE POLICY change ON app.notes FOR UPDATE TO lightning_api USING (
                    owner_id = (SELECT app.actor())
                    OR EXISTS (SELECT FROM app.note_shares AS share WHERE share.note_id = notes.id AND share.user_id = (SELECT app.actor()) AND share.can_edit));
                CREATE POLICY remove ON app.notes FOR DELETE TO lightning_api USING (owner_id = (SELECT app.actor()) AND (SELECT app.acts_as('verified')));

                ALTER TABLE app.note_shares ENABLE ROW LEVEL SECURITY;
                CREATE POLICY admin_site ON app.note_shares TO lightning_admin USING (true) WITH CHECK (true);
                CREATE POLICY see ON app.note_shares FOR SELECT TO lightning_api USING (
                    user_id = (SELECT app.actor()) OR (SELECT app.acts_as('admin')) OR app.owns_note(note_id));
                CREATE POLICY make ON app.note_shares FOR INSERT TO lightning_api WITH CHECK (app.owns_note(note_id) AND (SELECT app.acts_as('verified')));
                CREATE POLICY change ON app.note_shares FOR UPDATE TO lightning_api USING (app.owns_note(note_id));
                CREATE POLICY remove ON app.note_shares FOR DELETE TO lightning_api USING (user_id = (SELECT app.actor()) OR app.owns_note(note_id));

                ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
                CREATE POLICY services ON app.users TO lightning_identity, lightning_bff, lightning_admin USING (true) WITH CHECK (true);
                CREATE POLICY see ON app.users FOR SELECT TO lightning_api USING (
                    id = (SELECT app.actor()) OR (SELECT app.acts_as('admin')) OR (SELECT app.acts_as('gate')));
                CREATE POLICY change ON app.users FOR UPDATE TO lightning_api USING (id = (SELECT app.actor()) OR (SELECT app.acts_as('admin')));
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP POLICY services ON app.users;
                DROP POLICY see ON app.users;
                DROP POLICY change ON app.users;
                ALTER TABLE app.users DISABLE ROW LEVEL SECURITY;
                DROP POLICY admin_site ON app.notes;
                DROP POLICY see ON app.notes;
                DROP POLICY make ON app.notes;
                DROP POLICY change ON app.notes;
                DROP POLICY remove ON app.notes;
                ALTER TABLE app.notes DISABLE ROW LEVEL SECURITY;
                DROP POLICY admin_site ON app.note_shares;
                DROP POLICY see ON app.note_shares;
                DROP POLICY make ON app.note_shares;
                DROP POLICY change ON app.note_shares;
                DROP POLICY remove ON app.note_shares;
                DROP TRIGGER resolve ON app.note_shares;
                DROP TRIGGER tell_change ON app.note_shares;
                DROP TRIGGER tell_change ON app.notes;
                DROP TRIGGER claim_shares ON app.users;
                DROP TRIGGER rename_account ON app.users;
                DROP TRIGGER forget_words ON app.users;
                DROP INDEX app.ix_users_address;
                DROP FUNCTION app.resolve_share(), app.claim_shares(), app.tell_people(uuid, uuid[]), app.tell_note(), app.tell_share(), app.rename_account(),
                    app.forget_words(), app.remove_user(uuid), app.owns_note(uuid), app.acts_as(text), app.actor();
                ALTER TABLE app.notes DROP COLUMN words;
                """);

            migrationBuilder.DropTable(
                name: "keyed_requests",
                schema: "app");

            migrationBuilder.DropTable(
                name: "note_shares",
                schema: "app");

            migrationBuilder.DropIndex(
                name: "ix_notes_owner_id_created_at_id",
                schema: "app",
                table: "notes");

            migrationBuilder.DropIndex(
                name: "ix_notes_owner_id_title_id",
                schema: "app",
                table: "notes");

            migrationBuilder.DropColumn(
                name: "xmin",
                schema: "app",
                table: "users");

            migrationBuilder.DropColumn(
                name: "archived_at",
                schema: "app",
                table: "notes");

            migrationBuilder.DropColumn(
                name: "pinned_at",
                schema: "app",
                table: "notes");
        }
    }
}
