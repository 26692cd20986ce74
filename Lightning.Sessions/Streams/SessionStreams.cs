using System.Data.Common;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Feed;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Streams;

/// <summary>
/// Answers that go on, such as server-sent events and WebSockets, and so outlive the check at their beginning: each is cut when its session ends.
/// What the feed tells of a session is a reason to look; so is the session's own end, and a feed that cannot be relied on.
/// </summary>
public sealed partial class SessionStreams : BackgroundService
{
    const int BatchSize = 1000;
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How long a stream goes on while nobody can say whether its session lives: a restart of the database, and no longer.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    readonly Lock gate = new();
    readonly Dictionary<CookieHash, OpenSession> open = [];
    readonly SemaphoreSlim changed = new(0, 1);
    readonly SessionFeed feed;
    readonly WebSessionMemory memory;
    readonly IServiceScopeFactory scopes;
    readonly TimeProvider clock;
    readonly ILogger<SessionStreams> logger;

    internal SessionStreams(SessionFeed feed, WebSessionMemory memory, IServiceScopeFactory scopes, TimeProvider clock, ILogger<SessionStreams> logger)
    {
        (this.feed, this.memory, this.scopes, this.clock, this.logger) = (feed, memory, scopes, clock, logger);
        feed.Subscribe(Doubt);
    }

    internal static SessionStreams Create(IServiceProvider services) => new(
        services.GetRequiredService<SessionFeed>(), services.GetRequiredService<WebSessionMemory>(), services.GetRequiredService<IServiceScopeFactory>(),
        services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<SessionStreams>>());

    /// <summary>Cuts the request's connection when its session ends. Dispose of it when the answer is at its end.</summary>
    public async Task<IDisposable> OpenAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var session = context.LiveSession() ?? throw new InvalidOperationException("A stream needs a session.");
        var stream = new OpenStream(this, context, session.Hash);
        lock (gate)
        {
            if (!open.TryGetValue(session.Hash, out var streams)) open[session.Hash] = streams = new OpenSession(session);
            streams.Streams.Add(stream);
        }
        // It may have ended between the request's check and now; from here on, the feed tells.
        if (await memory.FindAsync(session.Hash, CancellationToken.None) is null) context.Abort();
        return stream;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await changed.WaitAsync(Interval, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            var isFeedAlive = feed.IsAlive;
            var now = clock.GetUtcNow();
            (OpenSession Session, int Doubts)[] doubtful;
            lock (gate) doubtful = [.. open.Values.Where(session => session.IsDoubtful || !isFeedAlive || now >= session.LookAt).Select(session => (session, session.Doubts))];
            foreach (var batch in doubtful.Chunk(BatchSize)) await LookAsync(batch, stoppingToken);
        }
    }

    async Task LookAsync((OpenSession Session, int Doubts)[] batch, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var alive = await scope.ServiceProvider.GetRequiredService<WebSessionStore>()
                .AliveAsync([.. batch.Select(looked => looked.Session.Hash)], cancellationToken);
            foreach (var (session, doubts) in batch)
                if (alive.TryGetValue(session.Hash, out var endsAt)) session.Trust(doubts, endsAt);
                else Cut(session);
        }
        catch (Exception fault) when (Problems.IsDatabaseAway(fault) || fault is DbException or OperationCanceledException)
        {
            if (cancellationToken.IsCancellationRequested) return;
            var now = clock.GetTimestamp();
            foreach (var (session, _) in batch)
            {
                session.UnknownSince ??= now;
                if (clock.GetElapsedTime(session.UnknownSince.Value, now) >= Patience) Cut(session);
            }
        }
    }

    void Cut(OpenSession session)
    {
        lock (gate)
        {
            if (!open.Remove(session.Hash, out var streams)) return;
            // Within the lock: a context that was given back may serve another request already.
            foreach (var stream in streams.Streams) stream.Context.Abort();
            StreamsCut(logger, streams.Streams.Count, new SessionMark(session.Sid));
        }
    }

    void Close(OpenStream stream)
    {
        lock (gate)
            if (open.TryGetValue(stream.Hash, out var streams) && streams.Streams.Remove(stream) && streams.Streams.Count == 0) open.Remove(stream.Hash);
    }

    void Doubt(Change change)
    {
        lock (gate)
        {
            if (open.Count == 0) return;
            if (change.Kind == ChangeKind.WebSession)
            {
                if (!open.TryGetValue(change.Hash, out var session)) return;
                session.Doubt();
            }
            else
            {
                var concerned = false;
                foreach (var session in open.Values)
                {
                    if (change.Kind == ChangeKind.Session && session.Sid != change.Id || change.Kind == ChangeKind.User && session.UserId != change.Id) continue;
                    session.Doubt();
                    concerned = true;
                }
                if (!concerned) return;
            }
            if (changed.CurrentCount == 0) changed.Release();
        }
    }

    [LoggerMessage(54, LogLevel.Information, "{Count} streams of session {Session} were cut, because it has ended")]
    static partial void StreamsCut(ILogger logger, int count, SessionMark session);

    /// <summary>The streams of one cookie.</summary>
    sealed class OpenSession(LiveSession session)
    {
        public CookieHash Hash { get; } = session.Hash;

        public Guid Sid { get; } = session.Id;

        public Guid UserId { get; } = session.User.Id;

        public List<OpenStream> Streams { get; } = [];

        /// <summary>When its own end may have come: other replicas may have seen it in use since.</summary>
        public DateTimeOffset LookAt { get; private set; } = session.EndsAt < session.LastSeenAt + session.IdleTimeout ? session.EndsAt : session.LastSeenAt + session.IdleTimeout;

        public int Doubts { get; private set; }

        public bool IsDoubtful { get; private set; }

        /// <summary>Since when nobody could say.</summary>
        public long? UnknownSince { get; set; }

        public void Doubt() => (IsDoubtful, Doubts) = (true, Doubts + 1);

        /// <summary>It was alive; what was told after the look began is doubted still.</summary>
        public void Trust(int doubts, DateTimeOffset endsAt)
        {
            (LookAt, UnknownSince) = (endsAt, null);
            if (doubts == Doubts) IsDoubtful = false;
        }
    }

    sealed class OpenStream(SessionStreams streams, HttpContext context, CookieHash hash) : IDisposable
    {
        public HttpContext Context => context;

        public CookieHash Hash => hash;

        public void Dispose() => streams.Close(this);
    }
}
