namespace Lightning.Identity.Protocol;

/// <summary>One named check of a request: null where it holds.</summary>
delegate ProtocolError? Check<in T>(T request);

static class Checks
{
    /// <summary>The first check that does not hold, in the order of the list.</summary>
    public static ProtocolError? FirstFault<T>(this Check<T>[] checks, T request)
    {
        foreach (var check in checks)
            if (check(request) is { } fault) return fault;
        return null;
    }
}
