using System.Diagnostics;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Manage.Seed;

/// <summary>
/// Streams the rows with <c>COPY</c>, in one transaction, so that a failed run leaves the database empty.
/// </summary>
sealed class SeedCopy(NpgsqlConnection connection, SeedRows rows, Action<string> say)
{
    /// <summary>
    /// Tables whose triggers are disabled: the rows contain what triggers would resolve, and no service listens.
    /// </summary>
    static readonly string[] WithoutTriggers = ["app.users", "app.notes", "app.note_shares"];

    static readonly string[] Methods = ["pwd"];

    readonly SeedEntries entries = new(rows);

    IEnumerator<SeedEntry>? timeline;

    readonly Stopwatch clock = Stopwatch.StartNew();

    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var table in WithoutTriggers)
            await ExecuteAsync($"ALTER TABLE {table} DISABLE TRIGGER USER", cancellationToken);
        var size = rows.Size;
        await CopyAsync(
            "people",
            "app.users (id, issuer, subject, email, email_verified, name, is_admin, created_at)",
            size.People,
            WriteUserAsync,
            cancellationToken
        );
        // Without passwords, so a seeded account cannot be signed in to with a known one.
        await CopyAsync(
            "accounts",
            """
            identity.accounts (id, user_name, normalized_user_name, email, normalized_email, email_confirmed, name,
                created_at,
                security_stamp, concurrency_stamp,
            phone_number_confirmed, two_factor_enabled, lockout_enabled, access_failed_count)
            """,
            size.People,
            WriteAccountAsync,
            cancellationToken
        );
        await CopyAsync(
            "sessions",
            "identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, ended_at, "
                + "end_reason, ip, device, methods)",
            size.Sessions,
            WriteSessionAsync,
            cancellationToken
        );
        await CopyAsync(
            "notes",
            "app.notes (id, owner_id, title, body, created_at, updated_at, archived_at, pinned_at)",
            size.Notes,
            WriteNoteAsync,
            cancellationToken
        );
        await CopyAsync(
            "shares",
            "app.note_shares (id, note_id, address, user_id, can_edit, created_at)",
            size.Shares,
            WriteShareAsync,
            cancellationToken
        );
        await CopyAsync(
            "audit entries",
            "audit.entries (at, service, action, user_id, session_id, subject_type, subject_id, details, ip)",
            size.Entries,
            WriteEntryAsync,
            cancellationToken
        );
        foreach (var table in WithoutTriggers)
            await ExecuteAsync($"ALTER TABLE {table} ENABLE TRIGGER USER", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        say("Analyzing the tables …");
        await ExecuteAsync(
            "ANALYZE app.users, identity.accounts, identity.sessions, app.notes, app.note_shares, audit.entries",
            cancellationToken
        );
        say(string.Create(CultureInfo.InvariantCulture, $"Done in {clock.Elapsed.TotalSeconds:0} s."));
    }

    async Task CopyAsync(
        string what,
        string into,
        int count,
        Func<NpgsqlBinaryImporter, int, Task> writeAsync,
        CancellationToken cancellationToken
    )
    {
        await using var copy = await connection.BeginBinaryImportAsync(
            $"COPY {into} FROM STDIN (FORMAT BINARY)",
            cancellationToken
        );
        copy.Timeout = TimeSpan.FromHours(1);
        var step = Math.Max(count / 10, 1);
        for (var number = 0; number < count; number++)
        {
            await copy.StartRowAsync(cancellationToken);
            await writeAsync(copy, number);
            if (count >= 10_000 && number > 0 && number % step == 0)
                Progress(what, number, count);
        }
        await copy.CompleteAsync(cancellationToken);
        Progress(what, count, count);
    }

    void Progress(string what, int done, int count) =>
        say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {done:N0} of {count:N0} ({100L * done / count} %), {clock.Elapsed.TotalSeconds:0} s"
            )
        );

    async Task WriteUserAsync(NpgsqlBinaryImporter copy, int person)
    {
        var id = rows.PersonId(person);
        await copy.WriteAsync(id, NpgsqlDbType.Uuid);
        await copy.WriteAsync(rows.Issuer, NpgsqlDbType.Varchar);
        await copy.WriteAsync(id.ToString(), NpgsqlDbType.Varchar);
        await copy.WriteAsync(SeedRows.Address(person), NpgsqlDbType.Varchar);
        await copy.WriteAsync(true, NpgsqlDbType.Boolean);
        await copy.WriteAsync(SeedRows.Name(person), NpgsqlDbType.Varchar);
        await copy.WriteAsync(false, NpgsqlDbType.Boolean);
        await copy.WriteAsync(rows.PersonAt(person), NpgsqlDbType.TimestampTz);
    }

    async Task WriteAccountAsync(NpgsqlBinaryImporter copy, int person)
    {
        var (id, address) = (rows.PersonId(person), SeedRows.Address(person));
        await copy.WriteAsync(id, NpgsqlDbType.Uuid);
        foreach (var text in new[] { address, address.ToUpperInvariant(), address, address.ToUpperInvariant() })
            await copy.WriteAsync(text, NpgsqlDbType.Varchar);
        await copy.WriteAsync(true, NpgsqlDbType.Boolean);
        await copy.WriteAsync(SeedRows.Name(person), NpgsqlDbType.Varchar);
        await copy.WriteAsync(rows.PersonAt(person), NpgsqlDbType.TimestampTz);
        foreach (var _ in new[] { "security", "concurrency" })
            await copy.WriteAsync(Guid.NewGuid().ToString(), NpgsqlDbType.Text);
        foreach (var flag in new[] { false, false, true })
            await copy.WriteAsync(flag, NpgsqlDbType.Boolean);
        await copy.WriteAsync(0, NpgsqlDbType.Integer);
    }

    async Task WriteSessionAsync(NpgsqlBinaryImporter copy, int session)
    {
        var (at, seen) = (rows.SessionAt(session), rows.LastSeenAt(session));
        await copy.WriteAsync(rows.SessionId(session), NpgsqlDbType.Uuid);
        await copy.WriteAsync(rows.Issuer, NpgsqlDbType.Varchar);
        await copy.WriteAsync(rows.PersonId(rows.UserOf(session)), NpgsqlDbType.Uuid);
        foreach (var time in new[] { at, at, seen, at.AddDays(14) })
            await copy.WriteAsync(time, NpgsqlDbType.TimestampTz);
        if (SeedRows.HasEnded(session))
        {
            await copy.WriteAsync(seen, NpgsqlDbType.TimestampTz);
            await copy.WriteAsync("signed-out", NpgsqlDbType.Varchar);
        }
        else
            for (var i = 0; i < 2; i++)
                await copy.WriteNullAsync();
        await copy.WriteAsync($"192.0.2.{session % 254 + 1}", NpgsqlDbType.Varchar);
        await copy.WriteAsync(session % 2 == 0 ? "Firefox on Linux" : "Safari on iPhone", NpgsqlDbType.Varchar);
        await copy.WriteAsync(Methods, NpgsqlDbType.Array | NpgsqlDbType.Text);
    }

    async Task WriteNoteAsync(NpgsqlBinaryImporter copy, int note)
    {
        var at = rows.NoteAt(note);
        await copy.WriteAsync(rows.NoteId(note), NpgsqlDbType.Uuid);
        await copy.WriteAsync(rows.PersonId(rows.OwnerOf(note)), NpgsqlDbType.Uuid);
        await copy.WriteAsync(SeedRows.Title(note), NpgsqlDbType.Varchar);
        await copy.WriteAsync(SeedRows.Body(note), NpgsqlDbType.Varchar);
        await copy.WriteAsync(at, NpgsqlDbType.TimestampTz);
        await copy.WriteAsync(entries.UpdatedAt(note), NpgsqlDbType.TimestampTz);
        foreach (var sometimes in new[] { note % 10 == 0, note % 25 == 1 })
            if (sometimes)
                await copy.WriteAsync(at.AddHours(1), NpgsqlDbType.TimestampTz);
            else
                await copy.WriteNullAsync();
    }

    async Task WriteShareAsync(NpgsqlBinaryImporter copy, int share)
    {
        var (note, recipient) = (rows.NoteOf(share), rows.RecipientOf(share));
        await copy.WriteAsync(rows.ShareId(share), NpgsqlDbType.Uuid);
        await copy.WriteAsync(rows.NoteId(note), NpgsqlDbType.Uuid);
        await copy.WriteAsync(SeedRows.Address(recipient), NpgsqlDbType.Varchar);
        await copy.WriteAsync(rows.PersonId(recipient), NpgsqlDbType.Uuid);
        await copy.WriteAsync(share % 2 == 0, NpgsqlDbType.Boolean);
        await copy.WriteAsync(rows.NoteAt(note), NpgsqlDbType.TimestampTz);
    }

    async Task WriteEntryAsync(NpgsqlBinaryImporter copy, int number)
    {
        timeline ??= entries.All().GetEnumerator();
        timeline.MoveNext();
        var entry = timeline.Current;
        await copy.WriteAsync(entry.At, NpgsqlDbType.TimestampTz);
        await copy.WriteAsync(entry.Service, NpgsqlDbType.Varchar);
        await copy.WriteAsync(entry.Action, NpgsqlDbType.Varchar);
        await copy.WriteAsync(entry.User, NpgsqlDbType.Uuid);
        await (entry.Session is { } session ? copy.WriteAsync(session, NpgsqlDbType.Uuid) : copy.WriteNullAsync());
        await WriteAsync(copy, entry.Note is null ? null : "note", NpgsqlDbType.Varchar);
        await WriteAsync(copy, entry.Note?.ToString(), NpgsqlDbType.Varchar);
        await WriteAsync(copy, entry.Details, NpgsqlDbType.Jsonb);
        await copy.WriteAsync($"192.0.2.{number % 254 + 1}", NpgsqlDbType.Varchar);
    }

    static Task WriteAsync(NpgsqlBinaryImporter copy, string? text, NpgsqlDbType type) =>
        text is null ? copy.WriteNullAsync() : copy.WriteAsync(text, type);

    async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
