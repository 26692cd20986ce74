using System.Globalization;
using System.Net.Sockets;
using Lightning.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Lightning.Sessions.Feed;

/// <summary>
/// Says what has changed of sessions and users, wherever it was changed: one <c>LISTEN</c> connection a process. A heartbeat goes out and comes
/// back through that same connection every second, and is the only proof that nothing was missed: notifications come in the order of their
/// commits, so whatever was committed before a heartbeat was sent has been heard when it is back.
/// </summary>
sealed partial class SessionFeed(IConfiguration configuration, SessionMetrics metrics, TimeProvider clock, ILogger<SessionFeed> logger) : BackgroundService
{
    /// <summary>How old the last proof may be for memory to be trusted: the longest that an ended session can outlive its end.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    const string Channel = "lightning", BeatPrefix = "beat:";
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How long a stop may have to wait.</summary>
    static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(200);

    readonly string connectionString = Connection(configuration);
    Action<Change>? changed;
    long provenAt;
    long sentAt;
    long beat;
    bool isLossReported;

    /// <summary>Whether what is remembered may be trusted at this moment.</summary>
    public bool IsAlive => Volatile.Read(ref provenAt) is var at && at != 0 && clock.GetElapsedTime(at) < Patience;

    /// <summary>Calls somebody for every change, in order; on the feed's own time, so they must be quick.</summary>
    public void Subscribe(Action<Change> subscriber) => changed += subscriber;

    /// <summary>Tells of a change that this process made or found, without waiting for its echo.</summary>
    public void Tell(Change change) => changed?.Invoke(change);

    /// <summary>
    /// On a thread of its own and not on the pool: a process so busy that its pool is late would lose its memory just then, and ask the database for
    /// everything besides.
    /// </summary>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(() => Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    void Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                Listen(stoppingToken);
            }
            catch (Exception fault) when (fault is NpgsqlException or SocketException or IOException or TimeoutException)
            {
                if (!isLossReported && !stoppingToken.IsCancellationRequested) Lost(logger, fault);
                isLossReported = true;
            }
            Volatile.Write(ref provenAt, 0);
            // Not all replicas at once, when the database comes back.
            stoppingToken.WaitHandle.WaitOne(Random.Shared.Next(250, 1000));
        }
    }

    void Listen(CancellationToken stoppingToken)
    {
        using var connection = new NpgsqlConnection(connectionString);
        connection.Notification += (_, notification) => Hear(notification, connection.ProcessID);
        connection.Open();
        Execute(connection, $"LISTEN {Channel}");
        // What was missed until now nobody knows.
        Tell(Change.Everything);
        while (!stoppingToken.IsCancellationRequested)
        {
            var began = clock.GetTimestamp();
            Volatile.Write(ref sentAt, began);
            beat++;
            Execute(connection, string.Create(CultureInfo.InvariantCulture, $"NOTIFY {Channel}, '{BeatPrefix}{beat}'"));
            while (!stoppingToken.IsCancellationRequested && Interval - clock.GetElapsedTime(began) is var left && left > TimeSpan.FromMilliseconds(1))
                connection.Wait(left < Slice ? left : Slice);
        }
    }

    void Hear(NpgsqlNotificationEventArgs notification, int self)
    {
        if (!notification.Payload.StartsWith(BeatPrefix, StringComparison.Ordinal))
            Tell(Change.Read(notification.Payload));
        else if (notification.PID == self && long.TryParse(notification.Payload.AsSpan(BeatPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number == beat)
            Prove();
    }

    void Prove()
    {
        var sent = Volatile.Read(ref sentAt);
        metrics.Propagated(clock.GetElapsedTime(sent));
        Volatile.Write(ref provenAt, sent);
        if (isLossReported) Back(logger);
        isLossReported = false;
    }

    static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    static string Connection(IConfiguration configuration)
    {
        var feed = LightningDataExtensions.RequireFeedConnection(configuration, "lightning-feed");
        (feed.Timeout, feed.CommandTimeout) = (3, (int)Patience.TotalSeconds);
        return feed.ConnectionString;
    }

    [LoggerMessage(50, LogLevel.Warning, "The change feed is cut: sessions are read from the database until it is back")]
    static partial void Lost(ILogger logger, Exception fault);

    [LoggerMessage(51, LogLevel.Information, "The change feed is back: sessions are remembered again")]
    static partial void Back(ILogger logger);
}
