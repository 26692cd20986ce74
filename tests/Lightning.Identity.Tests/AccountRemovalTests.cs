using System.Net;
using System.Text.Json;
using Lightning.Data.Notes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lightning.Identity.Tests;

public class AccountRemovalTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U14"), Trait("Check", "L12")]
    public async Task Delete_RemovesEverythingExceptTheAuditLog()
    {
        var (user, visitor) = await identity.SignedInAsync("ada");
        var (neighbour, elsewhere) = await identity.SignedInAsync("neighbour");
        await identity.AddAuthenticatorAsync(visitor);
        var token = (await identity.Bff(visitor).TokensAsync())["refresh_token"]!;
        await identity.Visitor().SubmitAsync("/account/forgot-password", ("Email", user.Email));
        await identity.Database.ExecuteAsync(
            $$"""
            INSERT INTO identity.account_passkeys (credential_id, user_id, data) VALUES ('\x01', '{{user.Id}}', '{}');
            INSERT INTO identity.account_logins (login_provider, provider_key, user_id)
                VALUES ('google', '1', '{{user.Id}}');
            """
        );
        await using var db = identity.Database.Connect();
        var now = identity.Clock.GetUtcNow();
        foreach (var owner in new[] { user.Id, neighbour.Id })
            db.Notes.Add(
                new Note
                {
                    OwnerId = owner,
                    Title = "A note",
                    Body = "",
                    CreatedAt = now,
                    UpdatedAt = now,
                }
            );
        await db.SaveChangesAsync(Cancellation);

        (
            await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", "someone@else.example"))
        ).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", ""))).StatusCode.ShouldBe(
            HttpStatusCode.OK
        );
        (await CountAsync(user.Id)).ShouldBeGreaterThan(8);
        (await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", user.Email)))
            .Headers.Location!.ToString()
            .ShouldBe("/account/deleted");

        (await CountAsync(user.Id)).ShouldBe(0);
        (
            await identity.Database.ExecuteAsync(
                $"SELECT count(*) FROM identity.account_links WHERE address = '{user.Email}'"
            )
        ).ShouldBe(0L);
        (await identity.Database.ExecuteAsync("SELECT count(*) FROM app.notes")).ShouldBe(1L, "the other user's");
        (await elsewhere.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await visitor.GetAsync("/account")).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await identity.Bff(visitor).RefreshAsync(token)).Error.ShouldBe("invalid_grant");
        (await identity.Visitor().SignInAsync(user.Email)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Your account was deleted");

        // Audit entries stay, with an id that no longer refers to an account.
        (await identity.AuditAsync(user.Id))[^1]
            .ShouldBe("account-deleted");
        (
            await identity.Database.ExecuteAsync(
                $"SELECT count(*) FROM audit.entries AS row WHERE row::text ILIKE '%{user.Email}%' OR row::text "
                    + $"ILIKE '%\"ada\"%'"
            )
        ).ShouldBe(0L);
    }

    [Fact, Trait("Check", "U14")]
    public async Task Delete_NotifiesEveryReplica()
    {
        var (user, visitor) = await identity.SignedInAsync("bob");
        await using var connection = new NpgsqlConnection(identity.Database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using (var listen = new NpgsqlCommand("LISTEN lightning", connection))
            await listen.ExecuteNonQueryAsync(Cancellation);
        var notifications = new List<string>();
        connection.Notification += (_, notification) => notifications.Add(notification.Payload);
        await visitor.SubmitFormAsync("/account/data", "handler=Delete", ("Confirmation", user.Email));
        while (!notifications.Contains($"user:{user.Id}"))
            (await connection.WaitAsync(TimeSpan.FromSeconds(10), Cancellation)).ShouldBeTrue();
    }

    [Fact, Trait("Check", "U14")]
    public async Task Identity_MayNotReadNotes() =>
        (
            await Should.ThrowAsync<PostgresException>(async () =>
            {
                await using var db = identity.Database.ConnectAs("identity");
                await db.Notes.AnyAsync(Cancellation);
            })
        ).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);

    [Fact, Trait("Check", "U14"), Trait("Check", "U10")]
    public async Task Export_ContainsStoredDataWithoutCredentials()
    {
        var (user, visitor) = await identity.SignedInAsync("carol");
        var (key, codes) = await identity.AddAuthenticatorAsync(visitor);
        await identity.Database.ExecuteAsync(
            $"""
            INSERT INTO identity.account_logins (login_provider, provider_key, user_id)
                VALUES ('google', '2', '{user.Id}')
            """
        );
        using var answer = await visitor.SubmitFormAsync("/account/data", "handler=Export");
        answer.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        var data = JsonSerializer.Deserialize<JsonElement>(text);
        data.GetProperty("account").GetProperty("email").GetString().ShouldBe(user.Email);
        data.GetProperty("authenticator").GetProperty("recoveryCodesLeft").GetInt32().ShouldBe(10);
        data.GetProperty("otherProviders").GetArrayLength().ShouldBe(1);
        data.GetProperty("sessions")
            .EnumerateArray()
            .Single()
            .GetProperty("methods")
            .EnumerateArray()
            .Select(method => method.GetString())
            .ShouldBe(["pwd", "otp", "mfa"]);

        await using var db = identity.Database.Connect();
        var account = await db.Accounts.SingleAsync(account => account.Id == user.Id, Cancellation);
        foreach (
            var secret in new[]
            {
                account.PasswordHash!,
                account.SecurityStamp!,
                account.ConcurrencyStamp!,
                Convert.ToBase64String(account.TotpKey!),
                Identity.Factors.Totp.Text(key),
                codes[0],
                visitor.Browser.Cookie("__Host-lightning-id")!,
            }
        )
            text.ShouldNotContain(secret);
        (await identity.SubjectsAsync(user.Email)).ShouldContain("Your data was downloaded");
    }

    async Task<long> CountAsync(Guid id)
    {
        (string Table, string Column)[] tables =
        [
            ("identity.accounts", "id"),
            ("app.users", "id"),
            ("identity.sessions", "user_id"),
            ("identity.account_passkeys", "user_id"),
            ("identity.account_logins", "user_id"),
            ("identity.account_recovery_codes", "account_id"),
            ("identity.account_links", "account_id"),
            ("identity.authorizations", "user_id"),
            ("app.notes", "owner_id"),
        ];
        var sum = 0L;
        foreach (var (table, column) in tables)
            sum += (long)
                (await identity.Database.ExecuteAsync($"SELECT count(*) FROM {table} WHERE {column} = '{id}'"))!;
        sum += (long)
            (
                await identity.Database.ExecuteAsync(
                    $"""
                    SELECT count(*) FROM identity.refresh_tokens AS token
                        WHERE NOT EXISTS (SELECT FROM identity.sessions WHERE id = token.sid)
                    """
                )
            )!;
        return sum;
    }
}
