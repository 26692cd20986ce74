using Lightning.Testing;
using Npgsql;

namespace Lightning.Data.Tests.Schema;

/// <summary>
/// The schema of a database as text, by system catalog: one line an object, without physical column order and OIDs.
/// </summary>
static class DatabaseCatalogue
{
    /// <summary>Schemas of the application; <c>public</c> holds EF's history table.</summary>
    const string Schemas = "('app', 'audit', 'identity', 'keys', 'web', 'public')";

    /// <summary>A query per catalog, each of one text column.</summary>
    public static readonly IReadOnlyDictionary<string, string> Queries = new Dictionary<string, string>(
        StringComparer.Ordinal
    )
    {
        ["columns"] = $"""
            SELECT format('%s.%s.%s %s%s%s%s%s%s', nspname, relname, attname, format_type(atttypid, atttypmod),
                CASE WHEN attnotnull THEN ' NOT NULL' END,
                CASE WHEN attidentity <> '' THEN ' IDENTITY ' || attidentity::text END,
                CASE WHEN attgenerated <> '' THEN ' GENERATED ' || attgenerated::text END,
                ' DEFAULT ' || pg_get_expr(adbin, adrelid),
                CASE WHEN attcollation <> typcollation THEN ' COLLATE ' || attcollation::regcollation END)
                || {Rights("attacl", "c", "relowner")}
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
                JOIN pg_type ON pg_type.oid = atttypid
                LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE nspname IN {Schemas} AND relkind IN ('r', 'v', 'm', 'p', 'f') AND attnum > 0 AND NOT attisdropped
            """,
        ["comments"] = """
            SELECT pg_describe_object(classoid, objoid, objsubid) || ': ' || description FROM pg_description
            WHERE objoid >= 16384
            """,
        // Not-null constraints are in "columns".
        ["constraints"] = $"""
            SELECT format('%s.%s.%s %s', nspname, relname, conname, pg_get_constraintdef(pg_constraint.oid))
            FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas} AND contype NOT IN ('n', 't')
            """,
        ["default-privileges"] = """
            SELECT format('%s %s %s %s', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl)
            FROM pg_default_acl
            """,
        ["extensions"] = """
            SELECT format('%s in %s', extname, extnamespace::regnamespace) FROM pg_extension
            """,
        ["functions"] = $"""
            SELECT pg_get_functiondef(pg_proc.oid) || {Rights("proacl", "f", "proowner")}
            FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
            WHERE nspname IN {Schemas} AND prokind <> 'a'
            """,
        ["indexes"] = $"""
            SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
            FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas}
            """,
        ["policies"] = $"""
            SELECT format('%s.%s.%s %s FOR %s TO %s USING %s WITH CHECK %s', schemaname, tablename, policyname,
                permissive, cmd, roles, coalesce(qual, '-'), coalesce(with_check, '-'))
            FROM pg_policies
            """,
        ["roles"] = """
            SELECT format('%s super %s inherit %s createrole %s createdb %s login %s replication %s bypassrls %s in %s',
                rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
                ARRAY(SELECT roleid::regrole FROM pg_auth_members WHERE member = pg_roles.oid))
            FROM pg_roles WHERE rolname LIKE 'lightning\_%'
            """,
        // Tables in which a migration inserted rows; the history is EF's own.
        ["rows"] = $"""
            SELECT nspname || '.' || relname
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas} AND relkind = 'r' AND relname <> '__EFMigrationsHistory'
                AND query_to_xml(format('SELECT FROM %I.%I LIMIT 1', nspname, relname), true, false, '')::text
                    LIKE '%<row%'
            """,
        ["schemas"] = $"""
            SELECT nspname || {Rights("nspacl", "n", "nspowner")} FROM pg_namespace WHERE nspname IN {Schemas}
            """,
        ["sequences"] = $"""
            SELECT format('%s.%s %s start %s increment %s min %s max %s cache %s cycle %s', nspname, relname,
                seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle)
                || {Rights("relacl", "s", "relowner")}
            FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas}
            """,
        ["tables"] = $"""
            SELECT format('%s.%s kind %s persistence %s row security %s forced %s options %s', nspname, relname,
                relkind, relpersistence, relrowsecurity, relforcerowsecurity, coalesce(reloptions, ARRAY[]::text[]))
                || {Rights("relacl", "r", "relowner")}
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas} AND relkind IN ('r', 'v', 'm', 'p', 'f')
            """,
        ["triggers"] = $"""
            SELECT pg_get_triggerdef(pg_trigger.oid) || ' enabled ' || tgenabled::text
            FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
                JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas} AND NOT tgisinternal
            """,
        ["types"] = $"""
            SELECT format('%s.%s %s', nspname, typname, typtype) FROM pg_type
            JOIN pg_namespace ON pg_namespace.oid = typnamespace
            WHERE nspname IN {Schemas} AND typtype NOT IN ('b', 'c')
            """,
        ["views"] = $"""
            SELECT format('%s.%s %s', nspname, relname, pg_get_viewdef(pg_class.oid))
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE nspname IN {Schemas} AND relkind IN ('v', 'm')
            """,
    };

    /// <summary>The lines of a catalog, in ordinal order; runs of whitespace are one space.</summary>
    public static async Task<string> ReadAsync(TestDatabase database, string catalog)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Queries[catalog], connection);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
        {
            var words = reader.GetString(0).Split(null as char[], StringSplitOptions.RemoveEmptyEntries);
            lines.Add(string.Join(' ', words));
        }
        lines.Sort(StringComparer.Ordinal);
        return string.Concat(lines.Select(line => line + "\n"));
    }

    /// <summary>The rights that an access control list grants to other roles than the owner.</summary>
    static string Rights(string acl, string kind, string owner) =>
        $"""
            coalesce((SELECT ' GRANTS ' || string_agg(
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END || ':' || privilege_type
                    || CASE WHEN is_grantable THEN '*' ELSE '' END, ' ' ORDER BY grantee::regrole::text, privilege_type)
                FROM aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))) WHERE grantee <> {owner}), '')
            """;
}
