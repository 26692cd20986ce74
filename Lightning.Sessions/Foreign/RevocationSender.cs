using System.Net;
using System.Security.Cryptography;
using Lightning.Data;
using Lightning.Data.Outbox;
using Lightning.Sessions.RelyingParties;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;

namespace Lightning.Sessions.Foreign;

/// <summary>
/// Revokes at another provider the refresh tokens of sessions that have ended (RFC 7009, 2.1): the functions that end sessions leave them in the outbox, encrypted
/// as they stood in the session's row. The session is over before that and whatever comes of it; a provider that is away is asked again. Our own
/// provider's tokens fall with the session, in the same transaction.
/// </summary>
sealed partial class RevocationSender(
    OutboxQueue outbox, RelyingParty party, IOptions<RelyingPartyOptions> options, IOptionsMonitor<OpenIdConnectOptions> schemes,
    SessionSecrets secrets, ILogger<RevocationSender> logger) : BackgroundService
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Adds what a provider gave after the session had ended, so that the functions could not.</summary>
    public static Task AddAsync(LightningDb db, string app, byte[] idHash, byte[] tokens, DateTimeOffset now)
    {
        db.Outbox.Add(new OutboxMessage { Kind = OutboxMessage.Revocation, Recipient = app, Payload = [.. idHash, .. tokens], DueAt = now });
        return db.SaveChangesAsync();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.Value.Foreign
        ? outbox.SendAsync(OutboxMessage.Revocation, party.App, RevokeAsync, message => LogGivenUp(message.Id, message.Attempts), stoppingToken)
        : Task.CompletedTask;

    async Task<bool> RevokeAsync(OutboxMessage message, CancellationToken stopping)
    {
        if (Read(message) is not { } refreshToken || await PostAsync(refreshToken, stopping) is not { } reason) return true;
        LogNotRevoked(message.Id, message.Attempts, reason);
        return false;
    }

    /// <summary>The token; null where there was none, or its ring key is lost and nobody can use it any more.</summary>
    string? Read(OutboxMessage message)
    {
        try
        {
            return secrets.UnprotectTokens(message.Payload[..CookieHash.Bytes], message.Payload[CookieHash.Bytes..]).RefreshToken;
        }
        catch (CryptographicException fault)
        {
            LogUnreadable(message.Id, fault);
            return null;
        }
    }

    /// <summary>Null where the provider will take the token no more; else why it is to be asked again.</summary>
    async Task<string?> PostAsync(string refreshToken, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(Patience);
        var client = schemes.Get(Schemes.Provider);
        try
        {
            if ((await client.ConfigurationManager!.GetConfigurationAsync(patience.Token)).RevocationEndpoint is not { Length: > 0 } endpoint) return null;
            using var form = new FormUrlEncodedContent([
                new("token", refreshToken), new("token_type_hint", "refresh_token"), new("client_id", client.ClientId), new("client_secret", client.ClientSecret)]);
            using var response = await client.Backchannel.PostAsync(endpoint, form, patience.Token);
            if (response.IsSuccessStatusCode) return null;
            // RFC 7009, 2.2.1: a provider that revokes no such tokens will not do so tomorrow either.
            if (response.StatusCode != HttpStatusCode.BadRequest || !(await response.Content.ReadAsStringAsync(patience.Token)).Contains("\"unsupported_token_type\"", StringComparison.Ordinal))
                return $"{(int)response.StatusCode}";
            LogUnsupported();
            return null;
        }
        catch (Exception fault) when (fault is HttpRequestException or InvalidOperationException || (fault is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return fault.GetType().Name;
        }
    }

    [LoggerMessage(60, LogLevel.Warning, "A refresh token ({MessageId}) could not be revoked at the provider at attempt {Attempt}: {Reason}; it will be tried again")]
    partial void LogNotRevoked(Guid messageId, int attempt, string reason);

    [LoggerMessage(61, LogLevel.Error, "A refresh token ({MessageId}) could not be revoked at the provider in {Attempts} attempts; check its revocation endpoint, and that this client may use it")]
    partial void LogGivenUp(Guid messageId, int attempts);

    [LoggerMessage(62, LogLevel.Warning, "A refresh token ({MessageId}) that was to be revoked cannot be decrypted: its data-protection key is lost, and nobody can use it")]
    partial void LogUnreadable(Guid messageId, Exception fault);

    [LoggerMessage(63, LogLevel.Warning, "The provider does not revoke refresh tokens: those of ended sessions are good there until they end by themselves")]
    partial void LogUnsupported();
}
