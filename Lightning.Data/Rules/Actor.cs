namespace Lightning.Data.Rules;

/// <summary>Who asks: a user in a session, as the database knows them at this moment.</summary>
/// <param name="UserId">The product's key of the user.</param>
/// <param name="SessionId">The session they ask in.</param>
/// <param name="IsAdmin">Whether they are an administrator.</param>
/// <param name="IsVerified">Whether their address is proved.</param>
public sealed record Actor(Guid UserId, Guid SessionId, bool IsAdmin, bool IsVerified)
{
    /// <summary>The administrator who acts as the user (RFC 8693, 4.1); null where the user acts themself.</summary>
    public Guid? ActedBy { get; init; }

    /// <summary>Somebody whom no row knows; rules are tried out with it.</summary>
    internal static readonly Actor Nobody = new(Guid.Empty, Guid.Empty, IsAdmin: false, IsVerified: false);
}

/// <summary>What an actor wants to do to an object.</summary>
public enum Verb
{
    /// <summary>See it.</summary>
    Read,

    /// <summary>Make it.</summary>
    Create,

    /// <summary>Change it.</summary>
    Update,

    /// <summary>Remove it.</summary>
    Delete,

    /// <summary>Put it away, or take it out again.</summary>
    Archive,

    /// <summary>Keep it on top, or no longer.</summary>
    Pin,

    /// <summary>Let others reach it.</summary>
    Share,

    /// <summary>Take a copy of all of it along.</summary>
    Export,

    /// <summary>Shut them out, or let them in again.</summary>
    Disable,

    /// <summary>Work in the product as them.</summary>
    ActAs,

    /// <summary>Take away what they prove themself with besides a password.</summary>
    ResetSecondFactor,
}
