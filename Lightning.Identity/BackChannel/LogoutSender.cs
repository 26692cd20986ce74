using System.Text.Json;
using System.Text.Json.Serialization;
using Lightning.Identity.Audit;
using Lightning.Identity.Clients;
using Lightning.Identity.Tokens;
using Lightning.Sessions.Model;
using Lightning.Sessions.Outbox;

namespace Lightning.Identity.BackChannel;

/// <summary>
/// Sends logout tokens from the outbox to relying parties (OpenID Connect Back-Channel Logout 1.0, 2.5). Each relying
/// party has its own loop, so that an unavailable one does not delay the others.
/// </summary>
sealed partial class LogoutSender(
    OutboxQueue outbox,
    ClientRegistry clients,
    TokenFactory tokens,
    IHttpClientFactory http,
    ILogger<LogoutSender> logger
) : BackgroundService
{
    /// <summary>The name of the <see cref="HttpClient"/> that sends logout tokens.</summary>
    public const string HttpClientName = "back-channel-logout";
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            clients
                .All.Where(client => client.BackChannelLogoutUri is not null)
                .Select(client =>
                    outbox.SendAsync(
                        OutboxMessage.Logout,
                        client.Id,
                        (message, stopping) => SendAsync(client, message, stopping),
                        message => LogGivenUp(client.Id, message.Id, message.Attempts),
                        stoppingToken
                    )
                )
        );

    async Task<string?> SendAsync(Client client, OutboxMessage message, CancellationToken cancellationToken)
    {
        var ended = JsonSerializer.Deserialize<EndedSession>(message.Payload)!;
        try
        {
            // A new token for each attempt: it is valid for two minutes and its jti can be used once.
            var token = await tokens.LogoutTokenAsync(client.Id, ended.Subject, ended.Sid, cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, client.BackChannelLogoutUri)
            {
                Content = new FormUrlEncodedContent([new("logout_token", token)]),
            };
            using var caller = http.CreateClient(HttpClientName);
            using var response = await caller.SendAsync(
                request,
                HttpCompletionOption.ResponseHeadersRead,
                cancellationToken
            );
            if (!response.IsSuccessStatusCode)
            {
                LogNotSent(client.Id, message.Id, message.Attempts, $"{(int)response.StatusCode}");
                return $"The app answered with status {(int)response.StatusCode}.";
            }
        }
        catch (HttpRequestException ex)
        {
            LogNotSent(client.Id, message.Id, message.Attempts, $"{ex.HttpRequestError}");
            return $"The app could not be reached: {ex.HttpRequestError}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotSent(client.Id, message.Id, message.Attempts, "timeout");
            return "The app did not answer in time.";
        }
        logger.LogoutSent(client.Id, ended.Sid);
        return null;
    }

    [LoggerMessage(
        EventId = 1201,
        Level = LogLevel.Warning,
        Message = "Back-channel logout {MessageId} to client {ClientId} failed at attempt {Attempt}: "
            + "{Reason}; retrying later"
    )]
    partial void LogNotSent(string clientId, Guid messageId, int attempt, string reason);

    [LoggerMessage(
        EventId = 1202,
        Level = LogLevel.Error,
        Message = "Back-channel logout {MessageId} to client {ClientId} was given up after {Attempts} attempts; "
            + "check its BackChannelLogoutUri"
    )]
    partial void LogGivenUp(string clientId, Guid messageId, int attempts);
}

/// <summary>The payload that the database functions write when they end a session.</summary>
sealed record EndedSession(
    [property: JsonPropertyName("sid")] Guid Sid,
    [property: JsonPropertyName("sub")] string Subject
);
