using Lightning.Data;
using Lightning.Sessions;
using Microsoft.Extensions.Options;

namespace Lightning.Admin.Dashboard;

/// <summary>The figures of the last seconds: however many look, and however often, the database is asked once.</summary>
public sealed class RecentFigures(IServiceScopeFactory scopes, IOptions<SessionsOptions> sessions, TimeProvider clock)
{
    /// <summary>How old they may be.</summary>
    public static readonly TimeSpan Oldest = TimeSpan.FromSeconds(10);

    readonly Lock gate = new();
    Task<Figures>? reading;
    DateTimeOffset begun;

    /// <summary>The figures, at most <see cref="Oldest"/> old.</summary>
    /// <exception cref="System.Data.Common.DbException">They had to be read and the database does not answer.</exception>
    public Task<Figures> GetAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            // What went wrong is no figure, and is asked for anew.
            if (reading is null || reading.IsFaulted || reading.IsCanceled || now - begun >= Oldest) (reading, begun) = (Task.Run(() => ReadAsync(now), CancellationToken.None), now);
            return reading.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Others wait for it: it is nobody's to cancel.</summary>
    async Task<Figures> ReadAsync(DateTimeOffset now)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Figures.ReadAsync(scope.ServiceProvider.GetRequiredService<LightningDb>(), now, sessions.Value.IdleTimeout, CancellationToken.None);
    }
}
