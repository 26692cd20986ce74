namespace Lightning.Authorization;

/// <summary>The user on whose behalf code runs, as currently stored in the database.</summary>
/// <param name="UserId">The user's id.</param>
/// <param name="SessionId">The session's id.</param>
/// <param name="IsAdmin">Whether the user is an administrator.</param>
/// <param name="IsVerified">Whether the user's email address is verified.</param>
public sealed record Actor(Guid UserId, Guid SessionId, bool IsAdmin, bool IsVerified)
{
    /// <summary>The id of the impersonating administrator (RFC 8693, 4.1); null if there is none.</summary>
    public Guid? ActedBy { get; init; }

    /// <summary>Whether the impersonating administrator may write; meaningless without one.</summary>
    public bool ActorMayWrite { get; init; }

    /// <summary>Whether the actor may write: an impersonation is read-only unless started otherwise.</summary>
    public bool IsWriter => ActedBy is null || ActorMayWrite;

    /// <summary>The organizations that the user belongs to.</summary>
    public Memberships Memberships { get; init; } = Memberships.None;

    /// <summary>The ids of the organizations that the user is a member, administrator or owner of.</summary>
    public Guid[] MemberOf => Memberships.Member;

    /// <summary>The ids of the organizations that the user is an administrator or owner of.</summary>
    public Guid[] AdminOf => Memberships.Admin;

    /// <summary>The ids of the organizations that the user is an owner of.</summary>
    public Guid[] OwnerOf => Memberships.Owner;

    /// <summary>An actor without rows, used to translate rules.</summary>
    internal static readonly Actor Nobody = new(Guid.Empty, Guid.Empty, IsAdmin: false, IsVerified: false)
    {
        Memberships = Memberships.None.With(Guid.Empty, isAdmin: true, isOwner: true),
    };
}

/// <summary>An action on an object.</summary>
public enum Verb
{
    /// <summary>Read it.</summary>
    Read,

    /// <summary>Create it.</summary>
    Create,

    /// <summary>Update it.</summary>
    Update,

    /// <summary>Delete it.</summary>
    Delete,

    /// <summary>Restore it after it was deleted.</summary>
    Restore,

    /// <summary>Archive or unarchive it.</summary>
    Archive,

    /// <summary>Pin or unpin it.</summary>
    Pin,

    /// <summary>Share it with others.</summary>
    Share,

    /// <summary>Invite others to an organization.</summary>
    Invite,

    /// <summary>Accept an invitation.</summary>
    Accept,

    /// <summary>Export it.</summary>
    Export,

    /// <summary>Disable or enable a user.</summary>
    Disable,

    /// <summary>Work in the product as them.</summary>
    Impersonate,

    /// <summary>Reset a user's second factor.</summary>
    ResetSecondFactor,
}
