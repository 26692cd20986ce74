using Microsoft.Extensions.Options;

namespace Lightning.Admin.Exports;

/// <summary>How many exports may be under way: each holds a connection to the database for as long as somebody reads it.</summary>
sealed class ExportSlots(IOptions<AdminOptions> options)
{
    /// <summary>The most of one session.</summary>
    public const int PerSession = 2;
    readonly Lock gate = new();
    readonly Dictionary<Guid, int> bySession = [];
    int taken;

    /// <summary>Takes one, given back when it is disposed of; none where the session has as many as it may, or all are taken.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="isOwn">Whether it is the session's own that are too many.</param>
    public IDisposable? TryTake(Guid session, out bool isOwn)
    {
        lock (gate)
        {
            var own = bySession.GetValueOrDefault(session);
            isOwn = own >= PerSession;
            if (isOwn || taken >= options.Value.Exports) return null;
            (bySession[session], taken) = (own + 1, taken + 1);
            return new Slot(this, session);
        }
    }

    void GiveBack(Guid session)
    {
        lock (gate)
        {
            taken--;
            if (--bySession[session] == 0) bySession.Remove(session);
        }
    }

    sealed class Slot(ExportSlots slots, Guid session) : IDisposable
    {
        ExportSlots? from = slots;

        public void Dispose() => Interlocked.Exchange(ref from, null)?.GiveBack(session);
    }
}
