using System.Text.RegularExpressions;
using Lightning.Authorization;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Data.Tests.Notes;

/// <summary>
/// Each condition of a generated policy matters: without it, some actor reads or writes other rows of the test data. So
/// <see cref="RowSecurityTests"/>, which compares these rows with the rules, notices a condition that is missing.
/// </summary>
public sealed partial class PolicyMutationTests(PostgresServer server)
{
    const string Id = "gen_random_uuid()";

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// What a policy decides. Inserts are tried for each row of a query, whose columns are {0}, {1} and {2}.
    /// </summary>
    static readonly Dictionary<string, (string Statement, string? Each)> Statements = new(StringComparer.Ordinal)
    {
        ["notes.may_read"] = ("SELECT id FROM app.notes", null),
        ["notes.may_update"] = ("UPDATE app.notes SET title = title RETURNING id", null),
        ["notes.may_delete"] = ("DELETE FROM app.notes RETURNING id", null),
        ["notes.may_create"] = (
            "INSERT INTO app.notes (id, owner_id, organization_id, title, body, created_at, updated_at) "
                + $"VALUES ({Id}, '{{0}}', {{1}}, '', '', now(), now())",
            "SELECT person.id, coalesce(quote_literal(place.id::text), 'NULL') FROM app.users AS person CROSS JOIN "
                + "(SELECT id FROM app.organizations UNION ALL SELECT NULL) AS place"
        ),
        ["note_shares.may_read"] = ("SELECT id FROM app.note_shares", null),
        ["note_shares.may_update"] = ("UPDATE app.note_shares SET can_edit = can_edit RETURNING id", null),
        ["note_shares.may_delete"] = ("DELETE FROM app.note_shares RETURNING id", null),
        ["note_shares.may_create"] = (
            $"INSERT INTO app.note_shares (id, note_id, address, can_edit, created_at) VALUES ({Id}, '{{0}}', '{{1}}', "
                + "false, now())",
            "SELECT DISTINCT ON (owner_id) id, 'new@example.com' FROM app.notes WHERE organization_id IS NULL "
                + "ORDER BY owner_id"
        ),
        ["deleted_notes.may_read"] = ("SELECT id FROM app.deleted_notes", null),
        ["deleted_notes.may_delete"] = ("DELETE FROM app.deleted_notes RETURNING id", null),
        ["organizations.may_read"] = ("SELECT id FROM app.organizations", null),
        ["organizations.may_update"] = ("UPDATE app.organizations SET name = name RETURNING id", null),
        ["memberships.may_read"] = ("SELECT id FROM app.memberships", null),
        ["memberships.may_update"] = ("UPDATE app.memberships SET role = role RETURNING id", null),
        ["memberships.may_delete"] = ("DELETE FROM app.memberships RETURNING id", null),
        ["invitations.may_read"] = ("SELECT id FROM app.invitations", null),
        ["invitations.may_update"] = ("UPDATE app.invitations SET expires_at = expires_at RETURNING id", null),
        ["invitations.may_delete"] = ("DELETE FROM app.invitations RETURNING id", null),
        ["invitations.may_create"] = (
            "INSERT INTO app.invitations (id, organization_id, address, role, invited_by_id, created_at, expires_at) "
                + $"VALUES ({Id}, '{{0}}', 'new@example.com', '{{1}}', '{{2}}', now(), now())",
            "SELECT place.id, role, person.id FROM app.organizations AS place, app.users AS person, "
                + "unnest(ARRAY['member', 'owner']) AS role"
        ),
        ["users.may_read"] = ("SELECT id FROM app.users", null),
        ["users.may_update"] = ("UPDATE app.users SET name = name RETURNING id", null),
    };

    [Fact]
    public async Task Policy_without_one_of_its_conditions_allows_other_rows()
    {
        await using var database = await server.CreateDatabaseAsync();
        var actors = await NoteTestData.FillAsync(database);
        // Into the trash.
        await database.ExecuteAsync("DELETE FROM app.notes WHERE archived_at IS NOT NULL AND title = ''");
        // Only what the policies say, not that an owner remains.
        await database.ExecuteAsync("ALTER TABLE app.memberships DISABLE TRIGGER USER");
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        var policies = await PoliciesAsync(connection);
        var unnoticed = new List<string>();
        var mutants = 0;

        foreach (var (table, name, clause, condition) in policies)
        {
            if (!Statements.TryGetValue($"{table}.{name}", out var statement))
                continue;
            // Alone, because the policies for reading hide what another policy wrongly allows.
            var alone = string.Concat(
                policies
                    .Where(other => other.Name == "may_read" && (other.Table, other.Name) != (table, name))
                    .Select(other => $"ALTER POLICY may_read ON app.{other.Table} USING (true);")
            );
            var expected = await OutcomeAsync(connection, actors, statement, alone);
            foreach (var mutant in Mutants(condition).Distinct(StringComparer.Ordinal))
            {
                mutants++;
                var change = $"ALTER POLICY {name} ON app.{table} {clause} ({mutant})";
                if (await OutcomeAsync(connection, actors, statement, alone + change) == expected)
                    unnoticed.Add(change);
            }
        }

        unnoticed.ShouldBeEmpty();
        policies
            .Select(policy => $"{policy.Table}.{policy.Name}")
            .Except(Statements.Keys)
            .ShouldBe(["organizations.may_create", "organizations.may_delete", "users.may_delete"]);
        mutants.ShouldBeGreaterThan(60);
    }

    static async Task<List<(string Table, string Name, string Clause, string Condition)>> PoliciesAsync(
        NpgsqlConnection connection
    )
    {
        var policies = new List<(string, string, string, string)>();
        await using var command = new NpgsqlCommand(
            """
            SELECT tablename, policyname, CASE WHEN qual IS NULL THEN 'WITH CHECK' ELSE 'USING' END,
                coalesce(qual, with_check)
            FROM pg_policies WHERE policyname LIKE 'may\_%' ORDER BY 1, 2
            """,
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            policies.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return policies;
    }

    /// <summary>
    /// The condition without each of its operands, in turn, at any depth; a single condition becomes true.
    /// </summary>
    static IEnumerable<string> Mutants(string condition)
    {
        var text = Unwrap(condition);
        foreach (var sign in new[] { " OR ", " AND " })
        {
            var operands = Split(text, sign);
            if (operands.Count == 1)
                continue;
            for (var place = 0; place < operands.Count; place++)
            {
                yield return string.Join(sign, operands.Where((_, other) => other != place));
                foreach (var inner in Mutants(operands[place]))
                    yield return string.Join(
                        sign,
                        operands.Select((operand, other) => other == place ? $"({inner})" : operand)
                    );
            }
            yield break;
        }
        if (Exists().Match(text) is not { Success: true } exists)
            yield return "true";
        else
            foreach (var inner in Mutants(exists.Groups["where"].Value))
                yield return $"{exists.Groups["select"].Value}({inner}))";
    }

    static string Unwrap(string text)
    {
        text = text.Trim();
        while (text.StartsWith('(') && Split(text, "").Count == 1 && Depths(text[..^1]).All(depth => depth > 0))
            text = text[1..^1].Trim();
        return text;
    }

    /// <summary>The parts between signs that are in no parentheses.</summary>
    static List<string> Split(string text, string sign)
    {
        var (parts, start) = (new List<string>(), 0);
        var depths = Depths(text).ToList();
        for (var place = 0; sign.Length > 0 && place < text.Length; place++)
            if (depths[place] == 0 && string.CompareOrdinal(text, place, sign, 0, sign.Length) == 0)
            {
                parts.Add(text[start..place]);
                start = place + sign.Length;
            }
        parts.Add(text[start..]);
        return parts;
    }

    /// <summary>The number of open parentheses after each letter.</summary>
    static IEnumerable<int> Depths(string text)
    {
        var depth = 0;
        foreach (var letter in text)
            yield return depth += letter switch
            {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
    }

    /// <summary>What each actor reads or writes, after a change that is taken back.</summary>
    static async Task<string> OutcomeAsync(
        NpgsqlConnection connection,
        IReadOnlyList<Actor> actors,
        (string Statement, string? Each) statement,
        string change
    )
    {
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var statements = new List<string>();
        if (statement.Each is null)
            statements.Add(statement.Statement);
        else
            foreach (var row in await RowsAsync(connection, statement.Each))
                statements.Add(
                    string.Format(
                        System.Globalization.CultureInfo.InvariantCulture,
                        statement.Statement,
                        row.Split('|')
                    )
                );
        await using (var changes = new NpgsqlCommand(change, connection))
            await changes.ExecuteNonQueryAsync(Cancellation);
        var outcome = new List<string>();
        foreach (var actor in actors)
        foreach (var one in statements)
        {
            await transaction.SaveAsync("before", Cancellation);
            await RowsAsync(connection, "SET LOCAL ROLE lightning_api");
            await RowSecurity.SetActorAsync(connection, actor, Cancellation);
            try
            {
                outcome.Add(string.Join(',', (await RowsAsync(connection, one)).Order(StringComparer.Ordinal)));
            }
            catch (PostgresException ex)
                when (ex.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.CheckViolation)
            {
                outcome.Add(ex.SqlState);
            }
            await transaction.RollbackAsync("before", Cancellation);
        }
        await transaction.RollbackAsync(Cancellation);
        return string.Join('\n', outcome);
    }

    static async Task<List<string>> RowsAsync(NpgsqlConnection connection, string sql)
    {
        var rows = new List<string>();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            rows.Add(
                string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column)))
            );
        return rows;
    }

    [GeneratedRegex(
        @"^(?<select>EXISTS \( SELECT .*? WHERE )(?<where>.*)\)$",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture
    )]
    private static partial Regex Exists();
}
