using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Lightning.Data.Migrations
{
    /// <inheritdoc />
    public partial class NoteSearch : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // What tables and columns cannot say: search by index behind row-level security, and a witness that costs little.
            migrationBuilder.Sql("""
                -- Search operators are not leakproof, so behind row-level security no index can serve them. This function searches for whoever acts: in what is theirs and
                -- in what is shared with them, and nowhere else. It answers ids alone; the notes are read through the policies.
                CREATE INDEX ix_notes_words ON app.notes USING gin (words);
                CREATE FUNCTION app.find_notes(query text) RETURNS TABLE (id uuid)
                LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
                    SELECT note.id FROM app.notes AS note WHERE note.owner_id = app.actor() AND note.words @@ websearch_to_tsquery('simple', find_notes.query)
                    UNION ALL
                    SELECT note.id FROM app.note_shares AS share JOIN app.notes AS note ON note.id = share.note_id
                    WHERE share.user_id = app.actor() AND note.words @@ websearch_to_tsquery('simple', find_notes.query) $$;

                -- A function with settings of its own is called for every look; without them the planner writes its words into the query. They name nothing but
                -- what is always looked up in pg_catalog first.
                CREATE OR REPLACE FUNCTION app.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
                    SELECT nullif(pg_catalog.current_setting('lightning.actor', true), '')::pg_catalog.uuid $$;
                CREATE OR REPLACE FUNCTION app.acts_as(what text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
                    SELECT what OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(coalesce(pg_catalog.current_setting('lightning.acts_as', true), ''), ' ')) $$;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("""
                DROP FUNCTION app.find_notes(text);
                DROP INDEX app.ix_notes_words;
                CREATE OR REPLACE FUNCTION app.actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
                    SELECT nullif(current_setting('lightning.actor', true), '')::uuid $$;
                CREATE OR REPLACE FUNCTION app.acts_as(what text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
                    SELECT what = ANY (string_to_array(coalesce(current_setting('lightning.acts_as', true), ''), ' ')) $$;
                """);
        }
    }
}
