using System.CommandLine;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.ServiceDefaults;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Manage;

/// <summary>
/// Creates an administrator: prints a one-time link with which the person chooses a password.
/// </summary>
static class CreateAdminCommand
{
    public static Command Create()
    {
        var address = new Argument<string>("email") { Description = "The administrator's email address." };
        var command = new Command(
            "create-admin",
            "Prints a one-time link with which a new administrator chooses a password."
        )
        {
            address,
        };
        command.SetAction(
            async (arguments, cancellationToken) =>
            {
                var given = arguments.GetRequiredValue(address);
                if (!EmailAddress.TryParse(given, out var email, out var error))
                    throw new ConfigurationException($"'{given}' is not an email address: {error}");
                var issuer = Database.Configuration["Identity:Issuer"] ?? "http://localhost:5101";
                var token = await Database.UseAsync(connectionString =>
                    WriteLinkAsync(connectionString, email, cancellationToken)
                );
                Console.WriteLine(
                    $"Open this link within {AccountLink.Lifetime.TotalMinutes:0} minutes to choose the password of "
                        + $"{email}; it works once:"
                );
                Console.WriteLine($"{issuer.TrimEnd('/')}/account/password?token={token}");
                return 0;
            }
        );
        return command;
    }

    static async Task<string> WriteLinkAsync(string connectionString, string email, CancellationToken cancellationToken)
    {
        await using var db = LightningDbFactory.Connect(connectionString);
        var normalized = email.ToUpperInvariant();
        var account = await db
            .Accounts.AsNoTracking()
            .SingleOrDefaultAsync(account => account.NormalizedEmail == normalized, cancellationToken);
        var (link, token) = AccountLink.Create(
            new(account is null ? AccountLinkPurpose.Register : AccountLinkPurpose.ResetPassword, email)
            {
                Name = account?.Name ?? "",
                GrantsAdmin = true,
            },
            TimeProvider.System.GetUtcNow()
        );
        db.AccountLinks.Add(link);
        await db.SaveChangesAsync(cancellationToken);
        return token;
    }
}
