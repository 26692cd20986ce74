using System.Net;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Testing;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Tests;

/// <summary>Identity that counts hashes, SQL statements and mails.</summary>
public sealed class IdentityWithWorkCounters(PostgresServer server) : IdentityUnderTest(server)
{
    public int Hashes => hasher.Count;

    public Statements Statements { get; } = new();

    readonly CountingHasher hasher = new();

    protected override bool IsAtFullCost => true;

    protected override void Configure(IServiceCollection services)
    {
        services.AddSingleton<IPasswordHasher<Account>>(services =>
            hasher.As(services.GetRequiredService<IOptions<PasswordHasherOptions>>())
        );
        services.ConfigureDbContext<LightningDb>(options => options.AddInterceptors(Statements));
    }

    sealed class CountingHasher : IPasswordHasher<Account>
    {
        PasswordHasher<Account> real = null!;
        int count;

        public CountingHasher As(IOptions<PasswordHasherOptions> options)
        {
            real = new(options);
            return this;
        }

        public int Count => count;

        public string HashPassword(Account user, string password)
        {
            Interlocked.Increment(ref count);
            return real.HashPassword(user, password);
        }

        public PasswordVerificationResult VerifyHashedPassword(
            Account user,
            string hashedPassword,
            string providedPassword
        )
        {
            Interlocked.Increment(ref count);
            return real.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}

/// <summary>
/// Responses do not reveal whether an address has an account: both cost the same work (ASVS 5.0, 6.3.8).
/// </summary>
public class EnumerationTests(IdentityWithWorkCounters identity) : IClassFixture<IdentityWithWorkCounters>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, Trait("Check", "U04")]
    [InlineData("/account/sign-in", 1, 0)]
    [InlineData("/account/register", 0, 1)]
    [InlineData("/account/forgot-password", 0, 1)]
    public async Task Form_KnownOrUnknownAddress_CostsTheSameWork(string page, int hashes, int mails)
    {
        var name = $"known{page.Length}";
        var user = await identity.AddAccountAsync(name);
        // The first sign-in also creates the dummy hash.
        await identity.Visitor().SignInAsync("warm.up@example.com", "wrong password");
        var known = await WorkAsync(page, user.Email);
        var unknown = await WorkAsync(page, $"un{name}@example.com");
        unknown.Statements.ShouldBe(known.Statements);
        (unknown.Hashes, unknown.Mails).ShouldBe((known.Hashes, known.Mails));
        (known.Hashes, known.Mails).ShouldBe((hashes, mails));
        known.Statements.Length.ShouldBeGreaterThan(0);
    }

    /// <summary>An account that signs in with a passkey or at another provider has no password.</summary>
    [Fact, Trait("Check", "U04")]
    public async Task SignIn_AccountWithoutPassword_CostsTheSameWork()
    {
        var (with, without) = (
            await identity.AddAccountAsync("with-password"),
            await identity.AddAccountAsync("without-password")
        );
        await identity.Database.ExecuteAsync(
            $"UPDATE identity.accounts SET password_hash = NULL WHERE id = '{without.Id}'"
        );
        await identity.Visitor().SignInAsync("warm.up@example.com", "wrong password");

        var known = await WorkAsync("/account/sign-in", with.Email);
        var passwordless = await WorkAsync("/account/sign-in", without.Email);

        passwordless.Statements.ShouldBe(known.Statements);
        (passwordless.Hashes, passwordless.Mails).ShouldBe((known.Hashes, known.Mails));
        passwordless.Hashes.ShouldBe(1);
    }

    [Fact]
    public async Task SignIn_OlderHash_IsUpgraded()
    {
        var user = await identity.AddAccountAsync("older");
        await using var db = identity.Database.Connect();
        var before = (
            await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.Id, Cancellation)
        ).PasswordHash!;
        Iterations(before).ShouldBe((uint)IdentityUnderTest.TestIterations);
        await identity.Visitor().SignInAsync(user.Email);
        var after = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == user.Id, Cancellation);
        Iterations(after.PasswordHash!).ShouldBe(220_000u);
        new PasswordHasher<Account>()
            .VerifyHashedPassword(after, after.PasswordHash!, IdentityUnderTest.Password)
            .ShouldNotBe(PasswordVerificationResult.Failed);

        // The ASP.NET Core Identity v3 format: a marker, the PRF, then the iterations.
        static uint Iterations(string hash) =>
            System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(Convert.FromBase64String(hash).AsSpan(5));
    }

    async Task<(int Hashes, string[] Statements, int Mails)> WorkAsync(string page, string address)
    {
        var visitor = identity.Visitor();
        await visitor.ReadAsync(page);
        var mails = await OutboxAsync();
        var hashes = identity.Hashes;
        identity.Statements.Clear();
        using var answer = await visitor.SubmitAsync(
            page,
            ("Email", address),
            ("Password", "wrong password"),
            ("Name", "Someone")
        );
        answer.StatusCode.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.SeeOther);
        return (identity.Hashes - hashes, [.. identity.Statements.All], await OutboxAsync() - mails);
    }

    async Task<int> OutboxAsync()
    {
        await using var db = identity.Database.Connect();
        return await db.Outbox.CountAsync(Cancellation);
    }
}

/// <summary>What operators and the admin site cannot do.</summary>
public class OperatorTests(IdentityUnderTest identity) : IClassFixture<IdentityUnderTest>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact, Trait("Check", "U11")]
    public async Task NewDatabase_HasNoAccountAndNoUser()
    {
        (
            await identity.Database.ExecuteAsync(
                """
                SELECT (SELECT count(*) FROM identity.accounts) + (SELECT count(*)
                    FROM app.users) + (SELECT count(*) FROM identity.account_links)
                """
            )
        ).ShouldBe(0L);
        foreach (
            var (address, password) in new[]
            {
                ("admin@example.com", "admin"),
                ("admin@localhost", "password"),
                ("root@localhost", "Lightning1!"),
            }
        )
            (await identity.Visitor().SignInAsync(address, password)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory, Trait("Check", "U13")]
    [InlineData("SELECT password_hash FROM identity.accounts")]
    [InlineData("SELECT totp_key FROM identity.accounts")]
    [InlineData("SELECT code_hash FROM identity.account_recovery_codes")]
    [InlineData("UPDATE identity.accounts SET password_hash = ''")]
    [InlineData("SELECT token_hash FROM identity.account_links")]
    public async Task AdminSite_MayNeitherReadNorSetCredentials(string statement) =>
        (
            await Should.ThrowAsync<Npgsql.PostgresException>(async () =>
            {
                await using var connection = new Npgsql.NpgsqlConnection(identity.Database.ConnectionStringOf("admin"));
                await connection.OpenAsync(Cancellation);
                await using var command = new Npgsql.NpgsqlCommand(statement, connection);
                await command.ExecuteNonQueryAsync(Cancellation);
            })
        ).SqlState.ShouldBe(Npgsql.PostgresErrorCodes.InsufficientPrivilege);
}
