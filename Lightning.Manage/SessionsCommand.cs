using System.CommandLine;
using System.Net;
using System.Text.Json;
using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Manage;

/// <summary>
/// Lists and ends sessions. It uses the same database functions as the services, so all of them are notified.
/// </summary>
static class SessionsCommand
{
    const string Reason = "ended-by-command",
        Action = "sessions-ended-by-command";

    public static Command Create() => new("sessions", "Lists and ends sessions.") { List(), End() };

    static Command List()
    {
        var user = new Option<string?>("--user")
        {
            Description = "Only sessions of a user: an email address, or a user id from the list.",
        };
        var ip = new Option<string?>("--ip") { Description = "Only sessions that began from an IP address." };
        var ended = new Option<bool>("--ended") { Description = "Include ended sessions." };
        var most = new Option<int>("--most")
        {
            Description = "The maximum number of sessions.",
            DefaultValueFactory = _ => 100,
        };
        var command = new Command("list", "Lists sessions, the last used first.") { user, ip, ended, most };
        command.SetAction(
            async (arguments, cancellationToken) =>
            {
                var (who, from, limit) = (
                    arguments.GetValue(user),
                    Address(arguments.GetValue(ip)),
                    arguments.GetValue(most)
                );
                if (limit is < 1 or > 100_000)
                    throw new ConfigurationException("--most must be between 1 and 100000; the default is 100.");
                var found = await Database.UseAsync(async connectionString =>
                {
                    await using var db = LightningDbFactory.Connect(connectionString);
                    var sessions = db.Sessions.AsNoTracking();
                    var now = TimeProvider.System.GetUtcNow();
                    if (!arguments.GetValue(ended))
                        sessions = sessions.Where(session => session.EndedAt == null && session.EndsAt > now);
                    if (who is not null)
                    {
                        var users = Named(db.Users, who);
                        sessions = sessions.Where(session => users.Any(one => one.Id == session.UserId));
                    }
                    if (from is not null)
                        sessions = sessions.Where(session => session.Ip == from);
                    return await sessions
                        .OrderByDescending(session => session.LastSeenAt)
                        .Include(session => session.User)
                        .Take(limit + 1)
                        .ToListAsync(cancellationToken);
                });
                foreach (var session in found.Take(limit))
                    Console.WriteLine(Line(session));
                if (found.Count == 0)
                    Console.WriteLine("No session found.");
                if (found.Count > limit)
                    Console.WriteLine($"There are more than {limit} sessions: filter the list, or raise --most.");
                return 0;
            }
        );
        return command;
    }

    static Command End()
    {
        var one = new Argument<string?>("sid")
        {
            Description = "A session id from the list.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var user = new Option<string?>("--user")
        {
            Description = "All sessions of a user: an email address or a user id.",
        };
        var everyone = new Option<bool>("--everyone") { Description = "All sessions of all users; requires --yes." };
        var yes = new Option<bool>("--yes") { Description = "Confirms --everyone." };
        var command = new Command("end", "Ends a session, all sessions of a user, or all sessions.")
        {
            one,
            user,
            everyone,
            yes,
        };
        command.SetAction(
            async (arguments, cancellationToken) =>
            {
                var (sid, who, all) = (arguments.GetValue(one), arguments.GetValue(user), arguments.GetValue(everyone));
                if (new[] { sid is not null, who is not null, all }.Count(given => given) != 1)
                    throw new ConfigurationException(
                        "Give the sessions to end: a session id, --user, or --everyone --yes."
                    );
                if (all && !arguments.GetValue(yes))
                    throw new ConfigurationException("--everyone signs out all users: add --yes to confirm.");
                if (sid is not null && !Guid.TryParse(sid, out _))
                    throw new ConfigurationException($"'{sid}' is not a session id: `sessions list` prints them.");
                var ended = await Database.UseAsync(async connectionString =>
                {
                    await using var db = LightningDbFactory.Connect(connectionString);
                    if (sid is not null)
                        return await EndAsync(
                            db,
                            $"""SELECT identity.end_session({Guid.Parse(sid)}, {Reason})::integer AS "Value" """,
                            "session",
                            sid,
                            cancellationToken
                        );
                    if (who is null)
                        return await EndAsync(
                            db,
                            $"""SELECT identity.end_all({Reason}) AS "Value" """,
                            "everyone",
                            null,
                            cancellationToken
                        );
                    var id = await OneAsync(db, who, cancellationToken);
                    return await EndAsync(
                        db,
                        $"""SELECT identity.end_user_sessions({id}, {Reason}) AS "Value" """,
                        "user",
                        id.ToString(),
                        cancellationToken
                    );
                });
                if (ended == 0 && sid is not null)
                    throw new ConfigurationException(
                        $"There is no active session {sid}: `sessions list` prints the active ones."
                    );
                Console.WriteLine(ended == 1 ? "Ended 1 session." : $"Ended {ended} sessions.");
                return 0;
            }
        );
        return command;
    }

    /// <summary>Ends sessions and writes an audit entry, atomically.</summary>
    static async Task<int> EndAsync(
        LightningDb db,
        FormattableString end,
        string subject,
        string? id,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var ended = (await db.Database.SqlQuery<int>(end).ToListAsync(cancellationToken)).Single();
        if (ended == 0)
            return 0;
        db.AuditEntries.Add(
            new()
            {
                At = TimeProvider.System.GetUtcNow(),
                Action = Action,
                SubjectType = subject,
                SubjectId = id,
                Details = JsonSerializer.Serialize(new { sessions = ended }),
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return ended;
    }

    static async Task<Guid> OneAsync(LightningDb db, string who, CancellationToken cancellationToken) =>
        await Named(db.Users, who).Select(user => user.Id).Order().Take(2).ToListAsync(cancellationToken) switch
        {
            [var id] => id,
            [] => throw new ConfigurationException(
                $"There is no user '{who}': give an email address, or a user id from `sessions list`."
            ),
            _ => throw new ConfigurationException(
                $"There are several users '{who}', of different providers: give a user id from `sessions list --user "
                    + $"{who}`."
            ),
        };

    static IQueryable<User> Named(IQueryable<User> users, string who)
    {
        if (Guid.TryParse(who, out var id))
            return users.Where(user => user.Id == id);
        string[] addresses = [EmailAddress.Normalize(who).ToLowerInvariant(), who.Trim().ToLowerInvariant()];
#pragma warning disable CA1304, CA1311, CA1862 // Translated to SQL.
        return users.Where(user => addresses.Contains(user.Email.ToLower()));
#pragma warning restore CA1304, CA1311, CA1862
    }

    static string? Address(string? text) =>
        text is null ? null
        : IPAddress.TryParse(text, out var address) ? address.ToString()
        : throw new ConfigurationException($"'{text}' is not an IP address: give one like 192.0.2.7.");

    static string Line(Session session) =>
        string.Join(
            "  ",
            session.Id,
            session.UserId,
            session.User!.Email,
            session.ActorId is { } actor ? $"impersonated by {actor}" : session.Device ?? "unknown device",
            session.Ip ?? "unknown address",
            $"began {session.CreatedAt:u}",
            $"last used {session.LastSeenAt:u}",
            session.EndedAt is { } ended ? $"ended {ended:u} ({session.EndReason})" : $"ends {session.EndsAt:u}"
        );
}
