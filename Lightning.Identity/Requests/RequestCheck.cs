namespace Lightning.Identity.Requests;

/// <summary>A validation step. Returns null if the request passes.</summary>
delegate ProtocolError? RequestCheck<in T>(T request);

static class RequestChecks
{
    /// <summary>Runs the checks in order. Returns the first error, or null if all pass.</summary>
    public static ProtocolError? FirstError<T>(this RequestCheck<T>[] checks, T request)
    {
        foreach (var check in checks)
            if (check(request) is { } error)
                return error;
        return null;
    }
}
