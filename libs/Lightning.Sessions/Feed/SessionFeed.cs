using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Lightning.Sessions.Feed;

/// <summary>
/// The change feed: one <c>LISTEN</c> connection per process that receives every change of sessions and users. A
/// heartbeat over the same connection proves each second that no notification was missed: Postgres delivers
/// notifications in commit order, so a returned heartbeat follows every change that was committed before it was sent.
/// </summary>
public sealed partial class SessionFeed(
    IOptions<SessionFeedOptions> options,
    SessionMetrics metrics,
    TimeProvider clock,
    ILogger<SessionFeed> logger
) : BackgroundService
{
    /// <summary>
    /// The age of the last heartbeat at which caches stop being trusted: the longest time that an ended session can
    /// stay usable.
    /// </summary>
    public static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(3);

    const string Channel = "lightning",
        HeartbeatPrefix = "beat:";
    static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);

    /// <summary>The longest blocking wait, and so the longest delay of a shutdown.</summary>
    static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(200);

    readonly string connectionString = ConnectionString(options.Value);
    Action<SessionChange>? changed;
    long confirmedAt;
    long sentAt;
    long heartbeat;
    bool isLossLogged;

    /// <summary>Whether no notification was missed, so that caches can be trusted.</summary>
    public bool IsAlive =>
        Volatile.Read(ref confirmedAt) is var at && at != 0 && clock.GetElapsedTime(at) < HeartbeatTimeout;

    /// <summary>
    /// Calls the subscriber for every change, in order. It runs on the feed's thread, so it must not block.
    /// </summary>
    internal void Subscribe(Action<SessionChange> subscriber) => changed += subscriber;

    /// <summary>Publishes a change of this process at once, before its notification arrives.</summary>
    internal void Publish(SessionChange change) => changed?.Invoke(change);

    /// <summary>
    /// Runs on its own thread: a starved thread pool would delay heartbeats, disable the caches and add load to the
    /// database at the worst time.
    /// </summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(
            () => Run(stoppingToken),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );

    void Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Listen(stoppingToken);
            }
            catch (Exception ex) when (ex is NpgsqlException or SocketException or IOException or TimeoutException)
            {
                if (!isLossLogged && !stoppingToken.IsCancellationRequested)
                    ConnectionLost(logger, ex);
                isLossLogged = true;
            }
            Volatile.Write(ref confirmedAt, 0);
            // Jitter, so that the replicas do not reconnect all at once.
            stoppingToken.WaitHandle.WaitOne(Random.Shared.Next(250, 1000));
        }
    }

    void Listen(CancellationToken stoppingToken)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Notification += (_, notification) => OnNotification(notification, connection.ProcessID);
        connection.Open();
        Execute(connection, $"LISTEN {Channel}");
        // Changes before LISTEN were missed.
        Publish(SessionChange.Everything);
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = clock.GetTimestamp();
            Volatile.Write(ref sentAt, started);
            heartbeat++;
            var payload = string.Create(CultureInfo.InvariantCulture, $"{HeartbeatPrefix}{heartbeat}");
            Execute(connection, $"NOTIFY {Channel}, '{payload}'");
            while (
                !stoppingToken.IsCancellationRequested
                && HeartbeatInterval - clock.GetElapsedTime(started) is var left
                && left > TimeSpan.FromMilliseconds(1)
            )
                connection.Wait(left < MaxWait ? left : MaxWait);
        }
    }

    void OnNotification(NpgsqlNotificationEventArgs notification, int ownProcessId)
    {
        if (!notification.Payload.StartsWith(HeartbeatPrefix, StringComparison.Ordinal))
            Publish(SessionChange.Parse(notification.Payload));
        else if (
            notification.PID == ownProcessId
            && long.TryParse(
                notification.Payload.AsSpan(HeartbeatPrefix.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
            && number == heartbeat
        )
            OnHeartbeat();
    }

    void OnHeartbeat()
    {
        var sent = Volatile.Read(ref sentAt);
        metrics.Propagated(clock.GetElapsedTime(sent));
        Volatile.Write(ref confirmedAt, sent);
        if (isLossLogged)
            Reconnected(logger);
        isLossLogged = false;
    }

    static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    static string ConnectionString(SessionFeedOptions options) =>
        new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            Pooling = false,
            Timeout = 3,
            CommandTimeout = (int)HeartbeatTimeout.TotalSeconds,
        }.ConnectionString;

    [LoggerMessage(
        50,
        LogLevel.Warning,
        "The change feed is down: sessions are read from the database until it is back"
    )]
    static partial void ConnectionLost(ILogger logger, Exception ex);

    [LoggerMessage(51, LogLevel.Information, "The change feed is back: sessions are cached again")]
    static partial void Reconnected(ILogger logger);
}
