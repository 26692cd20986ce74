using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.Data;
using Lightning.Data.Outbox;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;
using Lightning.ServiceDefaults;

namespace Lightning.Identity.BackChannel;

/// <summary>
/// Tells relying parties that sessions have ended (OpenID Connect Back-Channel Logout 1.0, 2.5): posts what the functions that end sessions left in the outbox.
/// Each relying party is told at its own pace, so that one that is away delays nobody else.
/// </summary>
sealed partial class LogoutSender(IServiceScopeFactory scopes, ClientRegistry clients, TokenFactory tokens, IHttpClientFactory http, TimeProvider clock, ILogger<LogoutSender> logger)
    : BackgroundService
{
    /// <summary>The client that posts.</summary>
    public const string HttpClientName = "back-channel-logout";
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(clients.All.Where(client => client.BackChannelLogoutUri is not null).Select(client => TellAsync(client, stoppingToken)));

    async Task TellAsync(Client client, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                while (await ClaimAsync(client, stopping) is { Count: > 0 } due) await Task.WhenAll(due.Select(message => TellAsync(client, message, stopping)));
            }
            catch (Exception fault) when (Problems.IsDatabaseAway(fault))
            {
                LogDatabaseAway(fault);
            }
            await Task.Delay(LookInterval, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task<List<OutboxMessage>> ClaimAsync(Client client, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<LightningDb>().ClaimAsync(OutboxMessage.Logout, client.Id, clock.GetUtcNow(), cancellationToken);
    }

    async Task TellAsync(Client client, OutboxMessage message, CancellationToken cancellationToken)
    {
        if (message.Attempts > OutboxClaims.MostAttempts)
        {
            LogGivenUp(client.Id, message.Id, message.Attempts);
            await RemoveAsync(message);
            return;
        }
        var ended = JsonSerializer.Deserialize(message.Payload, ProtocolJson.Default.EndedSession)!;
        try
        {
            // A fresh token each time: it lives for two minutes, and its jti is good once.
            var token = await tokens.LogoutTokenAsync(client.Id, ended.Subject, ended.Sid, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, client.BackChannelLogoutUri) { Content = new FormUrlEncodedContent([new("logout_token", token)]) };
            using var caller = http.CreateClient(HttpClientName);
            using var response = await caller.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                LogNotTold(client.Id, message.Id, message.Attempts, $"{(int)response.StatusCode}");
                return;
            }
        }
        catch (HttpRequestException fault)
        {
            LogNotTold(client.Id, message.Id, message.Attempts, $"{fault.HttpRequestError}");
            return;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTold(client.Id, message.Id, message.Attempts, "no answer in time");
            return;
        }
        await RemoveAsync(message);
        logger.RelyingPartyTold(client.Id, ended.Sid);
    }

    async Task RemoveAsync(OutboxMessage message)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<LightningDb>().RemoveAsync(message);
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Client {ClientId} was not told of the end of a session ({MessageId}) at attempt {Attempt}: {Reason}; it will be tried again")]
    partial void LogNotTold(string clientId, Guid messageId, int attempt, string reason);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Error, Message = "Client {ClientId} could not be told of the end of a session ({MessageId}) in {Attempts} attempts; check its BackChannelLogoutUri")]
    partial void LogGivenUp(string clientId, Guid messageId, int attempts);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "The outbox cannot be read; it will be tried again")]
    partial void LogDatabaseAway(Exception fault);
}

/// <summary>What the functions that end sessions write.</summary>
sealed record EndedSession([property: JsonPropertyName("sid")] Guid Sid, [property: JsonPropertyName("sub")] string Subject);
