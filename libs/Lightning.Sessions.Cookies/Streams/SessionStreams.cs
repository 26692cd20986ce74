using System.Data.Common;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.WebSessions;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lightning.Sessions.Cookies.Streams;

/// <summary>
/// Aborts open responses, such as server-sent events and WebSockets, when their session ends. A session is checked when
/// the change feed reports it, when it may have expired, and each second while the feed is down.
/// </summary>
public sealed partial class SessionStreams(
    SessionFeed feed,
    WebSessionCache cache,
    StreamLimits limits,
    IServiceScopeFactory scopes,
    TimeProvider clock,
    ILogger<SessionStreams> logger
) : BackgroundService
{
    const int BatchSize = 1000;
    static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a stream stays open while the database is unavailable; long enough for a restart.</summary>
    static readonly TimeSpan DatabaseTimeout = TimeSpan.FromSeconds(15);

    readonly Lock gate = new();
    readonly Dictionary<CookieHash, OpenSession> open = [];
    readonly SemaphoreSlim changed = new(0, 1);

    /// <summary>
    /// Registers a response that is aborted when the request's session ends. Dispose the result when the response ends.
    /// </summary>
    /// <exception cref="InvalidOperationException">The request has no session.</exception>
    /// <exception cref="BadHttpRequestException">429: the session or its user has too many open streams.</exception>
    public async Task<IDisposable> OpenAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var session = context.LiveSession() ?? throw new InvalidOperationException("The request has no session.");
        var stream = new OpenStream(this, context, session.Hash, limits.Open(session.Id, session.User.Id));
        lock (gate)
        {
            if (!open.TryGetValue(session.Hash, out var streams))
                open[session.Hash] = streams = new OpenSession(session);
            streams.Streams.Add(stream);
        }
        try
        {
            // The session may have ended after the request was authenticated, before the feed covers the stream.
            if (await cache.FindAsync(session.Hash, CancellationToken.None) is null)
                context.Abort();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
        return stream;
    }

    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        feed.Subscribe(OnChange);
        return base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await changed.WaitAsync(CheckInterval, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            var isFeedAlive = feed.IsAlive;
            var now = clock.GetUtcNow();
            (OpenSession Session, int Version)[] due;
            lock (gate)
                due =
                [
                    .. open
                        .Values.Where(session => session.IsStale || !isFeedAlive || now >= session.CheckAt)
                        .Select(session => (session, session.Version)),
                ];
            foreach (var batch in due.Chunk(BatchSize))
                await CheckAsync(batch, stoppingToken);
        }
    }

    async Task CheckAsync((OpenSession Session, int Version)[] batch, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var active = await scope
                .ServiceProvider.GetRequiredService<WebSessionStore>()
                .FindActiveAsync([.. batch.Select(item => item.Session.Hash)], cancellationToken);
            foreach (var (session, version) in batch)
                if (active.TryGetValue(session.Hash, out var endsAt))
                    session.Confirm(version, endsAt);
                else
                    Abort(session);
        }
        catch (Exception ex)
            when (Problems.IsDatabaseUnavailable(ex) || ex is DbException or OperationCanceledException)
        {
            if (cancellationToken.IsCancellationRequested)
                return;
            var now = clock.GetTimestamp();
            foreach (var (session, _) in batch)
            {
                session.UnknownSince ??= now;
                if (clock.GetElapsedTime(session.UnknownSince.Value, now) >= DatabaseTimeout)
                    Abort(session);
            }
        }
    }

    void Abort(OpenSession session)
    {
        lock (gate)
        {
            if (!open.Remove(session.Hash, out var streams))
                return;
            // Under the lock: after Dispose the HttpContext may serve another request.
            foreach (var stream in streams.Streams)
                stream.Context.Abort();
            StreamsAborted(logger, streams.Streams.Count, new SessionLogId(session.Sid));
        }
    }

    void Close(OpenStream stream)
    {
        lock (gate)
            if (
                open.TryGetValue(stream.Hash, out var streams)
                && streams.Streams.Remove(stream)
                && streams.Streams.Count == 0
            )
                open.Remove(stream.Hash);
    }

    void OnChange(SessionChange change)
    {
        lock (gate)
        {
            if (open.Count == 0)
                return;
            if (change.Kind == ChangeKind.WebSession)
            {
                if (!open.TryGetValue(change.Hash, out var session))
                    return;
                session.MarkStale();
            }
            else
            {
                var found = false;
                foreach (var session in open.Values)
                {
                    if (
                        change.Kind == ChangeKind.Session && session.Sid != change.Id
                        || change.Kind == ChangeKind.User && session.UserId != change.Id
                    )
                        continue;
                    session.MarkStale();
                    found = true;
                }
                if (!found)
                    return;
            }
            if (changed.CurrentCount == 0)
                changed.Release();
        }
    }

    [LoggerMessage(54, LogLevel.Information, "Aborted {Count} streams of session {Session}: the session has ended")]
    static partial void StreamsAborted(ILogger logger, int count, SessionLogId session);

    /// <summary>The open streams of one session cookie.</summary>
    sealed class OpenSession(LiveSession session)
    {
        public CookieHash Hash { get; } = session.Hash;

        public Guid Sid { get; } = session.Id;

        public Guid UserId { get; } = session.User.Id;

        public List<OpenStream> Streams { get; } = [];

        /// <summary>When the session may have expired (UTC), unless another replica has seen it in use.</summary>
        public DateTimeOffset CheckAt { get; private set; } =
            session.EndsAt < session.LastSeenAt + session.IdleTimeout
                ? session.EndsAt
                : session.LastSeenAt + session.IdleTimeout;

        /// <summary>Counts the changes, so that a check does not confirm a change that came after it started.</summary>
        public int Version { get; private set; }

        public bool IsStale { get; private set; }

        /// <summary>The timestamp of the first failed check; null if the last one succeeded.</summary>
        public long? UnknownSince { get; set; }

        public void MarkStale()
        {
            IsStale = true;
            Version++;
        }

        /// <summary>Records that the session was active when its check of this version started.</summary>
        public void Confirm(int version, DateTimeOffset endsAt)
        {
            CheckAt = endsAt;
            UnknownSince = null;
            if (version == Version)
                IsStale = false;
        }
    }

    sealed class OpenStream(SessionStreams streams, HttpContext context, CookieHash hash, IDisposable slot)
        : IDisposable
    {
        public HttpContext Context => context;

        public CookieHash Hash => hash;

        public void Dispose()
        {
            streams.Close(this);
            slot.Dispose();
        }
    }
}
