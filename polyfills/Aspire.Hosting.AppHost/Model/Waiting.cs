namespace Aspire.Hosting.ApplicationModel;

/// <summary>Holds a resource back until another has come far enough.</summary>
public sealed class WaitAnnotation(IResource resource, WaitType waitType, int exitCode = 0) : IResourceAnnotation
{
    /// <summary>The other.</summary>
    public IResource Resource { get; } = resource;

    /// <summary>How far it must have come.</summary>
    public WaitType WaitType { get; } = waitType;

    /// <summary>With which exit code it must have ended.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>What happens when it never comes so far.</summary>
    public WaitBehavior? WaitBehavior { get; init; }
}

/// <summary>How far a resource must have come.</summary>
public enum WaitType
{
    /// <summary>Its health checks pass.</summary>
    WaitUntilHealthy = 0,

    /// <summary>It has ended.</summary>
    WaitForCompletion = 1,

    /// <summary>It has started.</summary>
    WaitUntilStarted = 2
}

/// <summary>What a wait does when the other resource ends instead.</summary>
public enum WaitBehavior
{
    /// <summary>It waits on.</summary>
    WaitOnResourceUnavailable = 0,

    /// <summary>It fails.</summary>
    StopOnResourceUnavailable = 1
}

/// <summary>Holds a resource back until somebody asks for it.</summary>
public sealed class ExplicitStartupAnnotation : IResourceAnnotation;
