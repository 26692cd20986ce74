using System.Net;
using System.Security.Cryptography;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Lightning.Sessions.Model;
using Lightning.Sessions.Outbox;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lightning.Sessions.Cookies.Revocation;

/// <summary>
/// Revokes the refresh tokens of ended sessions at an external provider (RFC 7009, 2.1). The SQL functions that end
/// sessions put the encrypted tokens in the outbox; a failed revocation is retried and never keeps a session active.
/// Lightning.Identity's tokens need no revocation: they end with the session, in the same transaction.
/// </summary>
sealed partial class RevocationSender(
    OutboxQueue outbox,
    RelyingParty party,
    IOptions<RelyingPartyOptions> options,
    IOptionsMonitor<OpenIdConnectOptions> schemes,
    SessionProtector protector,
    ILogger<RevocationSender> logger
) : BackgroundService
{
    static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Queues the tokens of a refresh that finished after its session had ended.</summary>
    public static Task AddAsync(ISessionContext db, string app, byte[] idHash, byte[] tokens, DateTimeOffset now)
    {
        db.Outbox.Add(
            new OutboxMessage
            {
                Kind = OutboxMessage.Revocation,
                Recipient = app,
                Payload = [.. idHash, .. tokens],
                DueAt = now,
            }
        );
        return db.SaveChangesAsync();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.ExternalProvider
            ? outbox.SendAsync(
                OutboxMessage.Revocation,
                party.App,
                RevokeAsync,
                message => LogAbandoned(message.Id, message.Attempts),
                stoppingToken
            )
            : Task.CompletedTask;

    async Task<string?> RevokeAsync(OutboxMessage message, CancellationToken stopping)
    {
        if (Read(message) is not { } refreshToken || await PostAsync(refreshToken, stopping) is not { } reason)
            return null;
        LogNotRevoked(message.Id, message.Attempts, reason);
        return $"The provider did not revoke the token: {reason}";
    }

    /// <summary>The refresh token; null if there is none or its data-protection key is lost.</summary>
    string? Read(OutboxMessage message)
    {
        try
        {
            return protector
                .UnprotectTokens(message.Payload[..CookieHash.Bytes], message.Payload[CookieHash.Bytes..])
                .RefreshToken;
        }
        catch (CryptographicException ex)
        {
            LogUnreadable(message.Id, ex);
            return null;
        }
    }

    /// <summary>Sends the revocation request; null if it is done, otherwise the reason for a retry.</summary>
    async Task<string?> PostAsync(string refreshToken, CancellationToken stopping)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        timeout.CancelAfter(RequestTimeout);
        var client = schemes.Get(Schemes.Provider);
        try
        {
            if (
                (await client.ConfigurationManager!.GetConfigurationAsync(timeout.Token)).RevocationEndpoint
                is not { Length: > 0 } endpoint
            )
                return null;
            using var form = new FormUrlEncodedContent([
                new("token", refreshToken),
                new("token_type_hint", "refresh_token"),
                new("client_id", client.ClientId),
                new("client_secret", client.ClientSecret),
            ]);
            using var response = await client.Backchannel.PostAsync(endpoint, form, timeout.Token);
            if (response.IsSuccessStatusCode)
                return null;
            // RFC 7009, 2.2.1: a retry cannot succeed if the provider does not support the token type.
            if (
                response.StatusCode != HttpStatusCode.BadRequest
                || !(await response.Content.ReadAsStringAsync(timeout.Token)).Contains(
                    "\"unsupported_token_type\"",
                    StringComparison.Ordinal
                )
            )
                return $"{(int)response.StatusCode}";
            LogUnsupported();
            return null;
        }
        catch (Exception ex)
            when (ex is HttpRequestException or InvalidOperationException
                || (ex is OperationCanceledException && !stopping.IsCancellationRequested)
            )
        {
            return ex.GetType().Name;
        }
    }

    [LoggerMessage(
        60,
        LogLevel.Warning,
        "Attempt {Attempt} to revoke a refresh token ({MessageId}) at the provider failed: {Reason}. It will be retried"
    )]
    partial void LogNotRevoked(Guid messageId, int attempt, string reason);

    [LoggerMessage(
        61,
        LogLevel.Error,
        "A refresh token ({MessageId}) could not be revoked at the provider in {Attempts} attempts. Check its "
            + "revocation endpoint and that this client may use it"
    )]
    partial void LogAbandoned(Guid messageId, int attempts);

    [LoggerMessage(
        62,
        LogLevel.Warning,
        "A refresh token ({MessageId}) cannot be decrypted to be revoked: its data-protection key is lost, so it "
            + "cannot be used either"
    )]
    partial void LogUnreadable(Guid messageId, Exception ex);

    [LoggerMessage(
        63,
        LogLevel.Warning,
        "The provider does not revoke refresh tokens: those of ended sessions stay valid there until they expire"
    )]
    partial void LogUnsupported();
}
