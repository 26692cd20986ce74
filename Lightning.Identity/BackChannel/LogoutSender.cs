using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.Data.Outbox;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Identity.Web;

namespace Lightning.Identity.BackChannel;

/// <summary>
/// Tells relying parties that sessions have ended (OpenID Connect Back-Channel Logout 1.0, 2.5): posts what the functions that end sessions left in the outbox.
/// Each relying party is told at its own pace, so that one that is away delays nobody else.
/// </summary>
sealed partial class LogoutSender(OutboxQueue outbox, ClientRegistry clients, TokenFactory tokens, IHttpClientFactory http, ILogger<LogoutSender> logger)
    : BackgroundService
{
    /// <summary>The client that posts.</summary>
    public const string HttpClientName = "back-channel-logout";
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(clients.All.Where(client => client.BackChannelLogoutUri is not null).Select(client => outbox.SendAsync(
            OutboxMessage.Logout, client.Id, (message, stopping) => TellAsync(client, message, stopping), message => LogGivenUp(client.Id, message.Id, message.Attempts), stoppingToken)));

    async Task<bool> TellAsync(Client client, OutboxMessage message, CancellationToken cancellationToken)
    {
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
                return false;
            }
        }
        catch (HttpRequestException fault)
        {
            LogNotTold(client.Id, message.Id, message.Attempts, $"{fault.HttpRequestError}");
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTold(client.Id, message.Id, message.Attempts, "no answer in time");
            return false;
        }
        logger.RelyingPartyTold(client.Id, ended.Sid);
        return true;
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Client {ClientId} was not told of the end of a session ({MessageId}) at attempt {Attempt}: {Reason}; it will be tried again")]
    partial void LogNotTold(string clientId, Guid messageId, int attempt, string reason);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Error, Message = "Client {ClientId} could not be told of the end of a session ({MessageId}) in {Attempts} attempts; check its BackChannelLogoutUri")]
    partial void LogGivenUp(string clientId, Guid messageId, int attempts);
}

/// <summary>What the functions that end sessions write.</summary>
sealed record EndedSession([property: JsonPropertyName("sid")] Guid Sid, [property: JsonPropertyName("sub")] string Subject);
