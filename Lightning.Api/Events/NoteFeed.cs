using System.Net.Sockets;
using System.Threading.Channels;
using Lightning.Data;
using Npgsql;

namespace Lightning.Api.Events;

/// <summary>
/// Receives note changes from the Postgres channel <c>lightning_notes</c> on one connection per process, and publishes
/// them to the event streams. A notification holds the ids of the note and of the users or the organization
/// concerned, but no content.
/// </summary>
sealed partial class NoteFeed(IConfiguration configuration, ILogger<NoteFeed> logger) : BackgroundService
{
    /// <summary>Published instead of a note's id if notifications may have been missed.</summary>
    public static readonly Guid AllNotes = Guid.Empty;

    const int Capacity = 256;
    static readonly TimeSpan ReconnectDelay = TimeSpan.FromSeconds(1);
    readonly Lock gate = new();
    readonly Dictionary<Guid, List<Subscription>> byAudience = [];
    bool isLossReported;

    /// <summary>The number of subscriptions.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return byAudience.Values.SelectMany(subscriptions => subscriptions).Distinct().Count();
        }
    }

    /// <summary>Subscribes to changes. Dispose the subscription to stop.</summary>
    /// <param name="audience">The ids of the user and of their organizations.</param>
    public Subscription Subscribe(IReadOnlyList<Guid> audience)
    {
        var subscription = new Subscription(this, audience);
        lock (gate)
            foreach (var id in audience)
            {
                if (!byAudience.TryGetValue(id, out var subscriptions))
                    byAudience[id] = subscriptions = [];
                subscriptions.Add(subscription);
            }
        return subscription;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception ex) when (ex is NpgsqlException or SocketException or IOException or TimeoutException)
            {
                if (!isLossReported)
                    LogConnectionLost(logger, ex);
                isLossReported = true;
            }
            await Task.Delay(ReconnectDelay, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task ListenAsync(CancellationToken cancellationToken)
    {
        var settings = LightningDataExtensions.RequireFeedConnection(configuration, "lightning-notes");
        // Detects dead connections.
        settings.KeepAlive = 5;
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        connection.Notification += (_, notification) => OnNotification(notification.Payload);
        await connection.OpenAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand("LISTEN lightning_notes", connection))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        if (isLossReported)
            LogConnectionRestored(logger);
        isLossReported = false;
        // Notifications may have been missed before LISTEN.
        PublishToAll();
        while (true)
            await connection.WaitAsync(cancellationToken);
    }

    void OnNotification(string payload)
    {
        var ids = payload.Split(' ');
        if (!Guid.TryParse(ids[0], out var note))
            return;
        lock (gate)
            foreach (var id in ids.Skip(1))
                if (Guid.TryParse(id, out var audience) && byAudience.TryGetValue(audience, out var subscriptions))
                    foreach (var subscription in subscriptions)
                        subscription.Publish(note);
    }

    void PublishToAll()
    {
        lock (gate)
            foreach (var subscription in byAudience.Values.SelectMany(subscriptions => subscriptions).Distinct())
                subscription.Publish(AllNotes);
    }

    void Remove(Subscription subscription)
    {
        lock (gate)
            foreach (var id in subscription.Audience)
                if (
                    byAudience.TryGetValue(id, out var subscriptions)
                    && subscriptions.Remove(subscription)
                    && subscriptions.Count == 0
                )
                    byAudience.Remove(id);
    }

    [LoggerMessage(
        71,
        LogLevel.Warning,
        "Lost the connection for note changes; streams reload their list when it is restored"
    )]
    static partial void LogConnectionLost(ILogger logger, Exception ex);

    [LoggerMessage(72, LogLevel.Information, "Restored the connection for note changes")]
    static partial void LogConnectionRestored(ILogger logger);

    /// <summary>The pending changes of one stream.</summary>
    public sealed class Subscription(NoteFeed feed, IReadOnlyList<Guid> audience) : IDisposable
    {
        readonly Channel<Guid> channel = Channel.CreateBounded<Guid>(
            new BoundedChannelOptions(Capacity) { SingleReader = true }
        );
        bool hasOverflowed;

        /// <summary>The ids of the user and of their organizations.</summary>
        public IReadOnlyList<Guid> Audience => audience;

        /// <summary>Waits for the next change.</summary>
        public Task WaitAsync(CancellationToken cancellationToken) =>
            channel.Reader.WaitToReadAsync(cancellationToken).AsTask();

        /// <summary>
        /// Takes the notes that changed since the last call, without duplicates; only <see cref="AllNotes"/> if there
        /// were too many.
        /// </summary>
        public IReadOnlyCollection<Guid> Take()
        {
            var notes = new HashSet<Guid>();
            while (channel.Reader.TryRead(out var note))
                notes.Add(note);
            if (Interlocked.Exchange(ref hasOverflowed, false))
                notes.Add(AllNotes);
            return notes.Contains(AllNotes) ? [AllNotes] : notes;
        }

        public void Publish(Guid note)
        {
            if (!channel.Writer.TryWrite(note))
                Interlocked.Exchange(ref hasOverflowed, true);
        }

        public void Dispose() => feed.Remove(this);
    }
}
