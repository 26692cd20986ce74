using Duende.AccessTokenManagement.OpenIdConnect;
using Lightning.Data;
using Lightning.Data.Users;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.Refresh;
using Lightning.Sessions.Cookies.RelyingParties;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Termination;
using Lightning.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Lightning.Sessions.Tests;

/// <summary>
/// A relying party without its web server, over a real database. Several over one database are replicas.
/// </summary>
sealed class Replica : IAsyncDisposable
{
    readonly WebApplication app;
    readonly TestDatabase database;

    Replica(WebApplication app, TestDatabase database) => (this.app, this.database) = (app, database);

    public IServiceProvider Services => app.Services;

    /// <summary>The cookie values of the added sessions.</summary>
    public Dictionary<CookieHash, string> Cookies { get; } = [];

    public SessionFeed Feed => Services.GetRequiredService<SessionFeed>();

    public AccessTokens Tokens => Services.GetRequiredService<AccessTokens>();

    SessionProtector Protector => Services.GetRequiredService<SessionProtector>();

    public static async Task<Replica> StartAsync(
        TestDatabase database,
        IOpenIdConnectUserTokenEndpoint? provider = null,
        params (string Key, string Value)[] settings
    )
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { EnvironmentName = Environments.Development }
        );
        builder.Configuration.AddInMemoryCollection([
            new("ConnectionStrings:lightning", database.ConnectionStringOf("bff")),
            new("DataProtection:MasterKey", new string('z', 43) + "="),
            new("Oidc:Authority", People.Issuer),
            new("Oidc:ClientSecret", "secret"),
            .. settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value)),
        ]);
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.AddLightningData("bff");
        builder.AddRelyingParty(RelyingParty.Bff);
        if (provider is not null)
            builder.Services.AddSingleton(provider);
        var replica = new Replica(builder.Build(), database);
        await replica.Feed.StartAsync(CancellationToken.None);
        await Wait.UntilAsync(() => replica.Feed.IsAlive);
        return replica;
    }

    /// <summary>Runs an action in its own service scope, like a request.</summary>
    public async Task<T> DoAsync<T>(Func<IServiceProvider, Task<T>> act)
    {
        await using var scope = Services.CreateAsyncScope();
        return await act(scope.ServiceProvider);
    }

    /// <summary>Ends the session and deletes its web session.</summary>
    public Task EndAsync(LiveSession session) =>
        DoAsync(async services =>
        {
            await services
                .GetRequiredService<WebSessionStore>()
                .DeleteAsync(session.Hash.ToArray(), CancellationToken.None);
            return await services
                .GetRequiredService<SessionTerminator>()
                .EndAsync(session.Id, SessionEndReason.SignOut, new(session.User.Id, session.Id, Ip: null));
        });

    /// <summary>
    /// Inserts many sessions of one user, and returns them as the cache would. Their access tokens have expired by
    /// default.
    /// </summary>
    public async Task<LiveSession[]> AddSessionsAsync(
        int count,
        TimeSpan unusedFor,
        TimeSpan? endsIn = null,
        TimeSpan? tokensEndIn = null
    )
    {
        User user;
        await using (var db = database.Connect())
            user = await db.AddUserAsync("ada");
        var now = DateTimeOffset.UtcNow.ToMicroseconds();
        var ticket = TicketSerializer.Default.Serialize(
            new AuthenticationTicket(
                new System.Security.Claims.ClaimsPrincipal(
                    new System.Security.Claims.ClaimsIdentity(
                        [new("iss", user.Issuer), new("sub", user.Subject), AuthenticationTime.Create(now)],
                        Schemes.Session
                    )
                ),
                Schemes.Session
            )
        );
        var sessions = Enumerable
            .Range(0, count)
            .Select(number => new LiveSession
            {
                Id = Guid.CreateVersion7(),
                User = new SessionUser(user.Id, user.Name, user.Email, true, false),
                CreatedAt = now,
                LastSeenAt = now - unusedFor,
                EndsAt = now + (endsIn ?? TimeSpan.FromDays(14)),
                AuthTime = now,
                Hash = NewCookie(),
                TokenExpiresAt = now + (tokensEndIn ?? TimeSpan.Zero),
                IdleTimeout = TimeSpan.FromHours(12),
            })
            .ToArray();
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO identity.sessions (id, issuer, user_id, created_at, auth_time, last_seen_at, ends_at, methods)
                SELECT id, @issuer, @user, @now, @now, @seen, @now + interval '30 days', '{pwd}'
                    FROM unnest(@sids) AS id;
            INSERT INTO web.sessions (id_hash, app, sid, issuer, subject, created_at, last_seen_at, ends_at, ticket,
                tokens, token_expires_at)
                SELECT hash, 'bff', sid, @issuer, @subject, @now, @seen, @ends, ticket, tokens, @expires
                FROM unnest(@hashes, @sids, @tickets, @tokens) AS row(hash, sid, ticket, tokens)
            """,
            connection
        );
        var parameters = insert.Parameters;
        parameters.AddWithValue("issuer", user.Issuer);
        parameters.AddWithValue("subject", user.Subject);
        parameters.AddWithValue("user", user.Id);
        parameters.AddWithValue("now", now);
        parameters.AddWithValue("seen", now - unusedFor);
        parameters.AddWithValue("ends", now + (endsIn ?? TimeSpan.FromDays(14)));
        parameters.AddWithValue("expires", now + (tokensEndIn ?? TimeSpan.Zero));
        parameters.AddWithValue("sids", sessions.Select(session => session.Id).ToArray());
        parameters.AddWithValue(
            "hashes",
            NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            sessions.Select(session => session.Hash.ToArray()).ToArray()
        );
        parameters.AddWithValue(
            "tickets",
            NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            sessions
                .Select(session =>
                    Protector.ProtectTicket(
                        new(session.Hash.ToArray(), "bff", session.Id, user.Issuer, user.Subject),
                        ticket
                    )
                )
                .ToArray()
        );
        parameters.AddWithValue(
            "tokens",
            NpgsqlDbType.Array | NpgsqlDbType.Bytea,
            sessions.Select(session => Protector.ProtectTokens(session.Hash.ToArray(), FirstTokens(session))).ToArray()
        );
        await insert.ExecuteNonQueryAsync();
        return sessions;
    }

    public SessionTokens Unprotect(LiveSession session, byte[] tokens) =>
        Protector.UnprotectTokens(session.Hash.ToArray(), tokens);

    public async ValueTask DisposeAsync()
    {
        await Feed.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    CookieHash NewCookie()
    {
        var (value, bytes) = SessionCookie.New();
        var hash = CookieHash.FromBytes(bytes);
        Cookies[hash] = value;
        return hash;
    }

    static SessionTokens FirstTokens(LiveSession session) =>
        new() { AccessToken = new string('x', 900), RefreshToken = $"{session.Id}.0" };
}
