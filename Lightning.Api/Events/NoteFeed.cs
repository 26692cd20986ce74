using System.Net.Sockets;
using System.Threading.Channels;
using Lightning.Data;
using Npgsql;

namespace Lightning.Api.Events;

/// <summary>
/// That notes have changed, from the channel <c>lightning_notes</c>: one connection a process, whoever listens here. A notification holds the note's id and those of
/// the people it may concern, and no word of the note.
/// </summary>
sealed partial class NoteFeed(IConfiguration configuration, ILogger<NoteFeed> logger) : BackgroundService
{
    /// <summary>Stands for every note: something may have been missed.</summary>
    public static readonly Guid Anything = Guid.Empty;

    const int Backlog = 256;
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    readonly Lock gate = new();
    readonly Dictionary<Guid, List<Subscription>> byPerson = [];
    bool isLossReported;

    /// <summary>How many listen.</summary>
    public int Count
    {
        get
        {
            lock (gate) return byPerson.Values.Sum(subscriptions => subscriptions.Count);
        }
    }

    /// <summary>Listens for somebody. Dispose of it to stop.</summary>
    public Subscription Subscribe(Guid person)
    {
        var subscription = new Subscription(this, person);
        lock (gate)
        {
            if (!byPerson.TryGetValue(person, out var subscriptions)) byPerson[person] = subscriptions = [];
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
            catch (Exception fault) when (fault is NpgsqlException or SocketException or IOException or TimeoutException)
            {
                if (!isLossReported) Lost(logger, fault);
                isLossReported = true;
            }
            await Task.Delay(Pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task ListenAsync(CancellationToken cancellationToken)
    {
        // Dead wires are found by keepalives.
        var feed = LightningDataExtensions.RequireFeedConnection(configuration, "lightning-notes");
        feed.KeepAlive = 5;
        await using var connection = new NpgsqlConnection(feed.ConnectionString);
        connection.Notification += (_, notification) => Hear(notification.Payload);
        await connection.OpenAsync(cancellationToken);
        await using (var listen = new NpgsqlCommand("LISTEN lightning_notes", connection)) await listen.ExecuteNonQueryAsync(cancellationToken);
        if (isLossReported) Back(logger);
        isLossReported = false;
        // What was missed until now nobody knows.
        TellAll();
        while (true) await connection.WaitAsync(cancellationToken);
    }

    void Hear(string payload)
    {
        var ids = payload.Split(' ');
        if (!Guid.TryParse(ids[0], out var note)) return;
        lock (gate)
            foreach (var word in ids.Skip(1))
                if (Guid.TryParse(word, out var person) && byPerson.TryGetValue(person, out var subscriptions))
                    foreach (var subscription in subscriptions) subscription.Tell(note);
    }

    void TellAll()
    {
        lock (gate)
            foreach (var subscription in byPerson.Values.SelectMany(subscriptions => subscriptions)) subscription.Tell(Anything);
    }

    void Remove(Subscription subscription)
    {
        lock (gate)
            if (byPerson.TryGetValue(subscription.Person, out var subscriptions) && subscriptions.Remove(subscription) && subscriptions.Count == 0) byPerson.Remove(subscription.Person);
    }

    [LoggerMessage(71, LogLevel.Warning, "Changes of notes are not heard until the database is back; who listens is told then to read anew")]
    static partial void Lost(ILogger logger, Exception fault);

    [LoggerMessage(72, LogLevel.Information, "Changes of notes are heard again")]
    static partial void Back(ILogger logger);

    /// <summary>What somebody is told.</summary>
    public sealed class Subscription(NoteFeed feed, Guid person) : IDisposable
    {
        readonly Channel<Guid> channel = Channel.CreateBounded<Guid>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        bool hasMissed;

        public Guid Person => person;

        /// <summary>Waits until there is something to read.</summary>
        public Task WaitAsync(CancellationToken cancellationToken) => channel.Reader.WaitToReadAsync(cancellationToken).AsTask();

        /// <summary>All that was told since it was last asked, each note once; <see cref="Anything"/> where it was too much to remember.</summary>
        public IReadOnlyCollection<Guid> Take()
        {
            var notes = new HashSet<Guid>();
            while (channel.Reader.TryRead(out var note)) notes.Add(note);
            if (Interlocked.Exchange(ref hasMissed, false)) notes.Add(Anything);
            return notes.Contains(Anything) ? [Anything] : notes;
        }

        public void Tell(Guid note)
        {
            if (!channel.Writer.TryWrite(note)) Interlocked.Exchange(ref hasMissed, true);
        }

        public void Dispose() => feed.Remove(this);
    }
}
