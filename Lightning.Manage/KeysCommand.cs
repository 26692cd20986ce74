using System.CommandLine;
using Lightning.Data;
using Lightning.Data.Keys;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Manage;

/// <summary>
/// Manages the signing keys. Only Identity has the private keys: the command records the change, and every replica of
/// Identity applies it within seconds.
/// </summary>
static class KeysCommand
{
    public static Command Create() =>
        new("keys", "Lists, rotates and revokes signing keys.") { List(), Rotate(), Revoke() };

    static Command List()
    {
        var command = new Command("list", "Lists the signing keys, newest first.");
        command.SetAction(
            async (_, cancellationToken) =>
            {
                var keys = await Database.UseAsync(async connectionString =>
                {
                    await using var db = LightningDbFactory.Connect(connectionString);
                    return await db
                        .SigningKeys.AsNoTracking()
                        .OrderByDescending(key => key.SignsFrom)
                        .ToListAsync(cancellationToken);
                });
                var now = TimeProvider.System.GetUtcNow();
                var signer = keys.Where(key => !IsRetired(key, now)).FirstOrDefault(key => key.SignsFrom <= now);
                foreach (var key in keys)
                    Console.WriteLine($"{key.Id}  {key.Algorithm}  {State(key, signer, now)}");
                if (keys.Count == 0)
                    Console.WriteLine("There is no key yet: Identity creates the first one when it needs it.");
                return 0;
            }
        );
        return command;
    }

    static Command Rotate()
    {
        var command = new Command(
            "rotate",
            "Creates a new signing key now instead of on schedule. It is published before it signs, so existing tokens "
                + "stay valid."
        );
        command.SetAction(
            async (_, cancellationToken) =>
            {
                var asked = await Database.UseAsync(connectionString =>
                    WriteAsync(
                        connectionString,
                        "signing-key-rotation-asked",
                        async (db, now) =>
                        {
                            var newest = await db
                                .SigningKeys.Where(key => key.RetiredAt == null || key.RetiredAt > now)
                                .OrderByDescending(key => key.SignsFrom)
                                .FirstOrDefaultAsync(cancellationToken);
                            if (newest is null || newest.SuccessorDueAt <= now)
                                return null;
                            newest.SuccessorDueAt = now;
                            return newest.Id;
                        },
                        cancellationToken
                    )
                );
                Console.WriteLine(
                    asked is null
                        ? "There is nothing to do: Identity is about to create a key anyway."
                        : $"The successor of {asked} is created and published as soon as Identity runs, and signs "
                            + $"after Identity:SigningKeys:PublishedBefore."
                );
                return 0;
            }
        );
        return command;
    }

    static Command Revoke()
    {
        var id = new Argument<string>("kid") { Description = "The key's id, as `keys list` prints it." };
        var command = new Command(
            "revoke",
            "For emergencies: stops using and publishing a key at once. Tokens that it signed become invalid, so users "
                + "may have to sign in again."
        )
        {
            id,
        };
        command.SetAction(
            async (arguments, cancellationToken) =>
            {
                var kid = arguments.GetRequiredValue(id);
                var revoked = await Database.UseAsync(connectionString =>
                    WriteAsync(
                        connectionString,
                        "signing-key-revoked",
                        async (db, now) =>
                        {
                            if (
                                await db.SigningKeys.SingleOrDefaultAsync(
                                    key => key.Id == kid && (key.RetiredAt == null || key.RetiredAt > now),
                                    cancellationToken
                                )
                                is not { } key
                            )
                                return null;
                            key.RetiredAt = now;
                            return key.Id;
                        },
                        cancellationToken
                    )
                );
                if (revoked is null)
                    throw new ConfigurationException($"There is no active key '{kid}': `keys list` prints the keys.");
                Console.WriteLine(
                    $"{revoked} is revoked. Identity stops using and publishing it within seconds; services that cache "
                        + "its keys stop accepting it within ten minutes, or when they restart."
                );
                return 0;
            }
        );
        return command;
    }

    /// <summary>Changes a key and writes an audit entry, atomically.</summary>
    static async Task<string?> WriteAsync(
        string connectionString,
        string action,
        Func<LightningDb, DateTimeOffset, Task<string?>> change,
        CancellationToken cancellationToken
    )
    {
        await using var db = LightningDbFactory.Connect(connectionString);
        var now = TimeProvider.System.GetUtcNow();
        if (await change(db, now) is not { } kid)
            return null;
        db.AuditEntries.Add(
            new()
            {
                At = now,
                Action = action,
                SubjectType = "signing-key",
                SubjectId = kid,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        return kid;
    }

    static bool IsRetired(SigningKey key, DateTimeOffset now) => key.RetiredAt <= now;

    static string State(SigningKey key, SigningKey? signer, DateTimeOffset now) =>
        IsRetired(key, now) ? $"retired since {key.RetiredAt:u}"
        : key == signer && key.RetiredAt is not null ? "signs until its successor does"
        : key == signer
            ? $"signs; its successor is due {(key.SuccessorDueAt <= now ? "now" : $"at {key.SuccessorDueAt:u}")}"
        : key.SignsFrom > now ? $"published; signs from {key.SignsFrom:u}"
        : $"verifies until {key.RetiredAt:u}";
}
