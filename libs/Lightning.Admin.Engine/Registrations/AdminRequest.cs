using Lightning.Authorization;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Engine.Registrations;

/// <summary>The context of one administrator's request.</summary>
/// <param name="Site">The registrations.</param>
/// <param name="Db">The database context.</param>
/// <param name="Actor">The signed-in administrator.</param>
/// <param name="Clock">The clock.</param>
public sealed record AdminRequest(AdminSite Site, DbContext Db, Actor Actor, TimeProvider Clock)
{
    /// <summary>The current time, truncated to microseconds as in Postgres.</summary>
    internal DateTimeOffset Now
    {
        get
        {
            var now = Clock.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    /// <summary>Whether the actor could perform a verb on any row, and so is offered it.</summary>
    internal bool IsPossible(Registration registration, Verb verb) =>
        Site.RulesOf(registration.Entity) is var rules && rules.Knows(verb) && rules.IsPossible(Actor, verb);
}
