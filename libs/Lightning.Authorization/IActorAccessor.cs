namespace Lightning.Authorization;

/// <summary>Gives the actor of the current request or job, such as from the HTTP context.</summary>
public interface IActorAccessor
{
    /// <summary>The actor; null if there is no authenticated user.</summary>
    Actor? Actor { get; }
}
