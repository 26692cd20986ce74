using System.Diagnostics.CodeAnalysis;

namespace Duende.AccessTokenManagement;

/// <summary>The outcome of a token request.</summary>
public abstract record TokenResult
{
    public static FailedResult Failure(string error, string? errorDescription = null) => new(error, errorDescription);

    public static TokenResult<T> Success<T>(T token)
        where T : class => token;
}

/// <summary>A token, or why there is none.</summary>
public sealed record TokenResult<T> : TokenResult
    where T : class
{
    TokenResult(T token) => Token = token;

    TokenResult(FailedResult failure) => FailedResult = failure;

    [MemberNotNullWhen(true, nameof(Token))]
    [MemberNotNullWhen(false, nameof(FailedResult))]
    public bool Succeeded => FailedResult is null;

    public T? Token { get; }

    public FailedResult? FailedResult { get; }

    public static implicit operator TokenResult<T>(T input) => new(input);

    public static implicit operator TokenResult<T>(FailedResult failure) => new(failure);

    public bool WasSuccessful(out T result)
    {
        result = Token!;
        return Succeeded;
    }

    public bool WasSuccessful([NotNullWhen(true)] out T? result, [NotNullWhen(false)] out FailedResult? failure)
    {
        (result, failure) = (Token, FailedResult);
        return Succeeded;
    }
}

/// <summary>
/// Why there is no token: the provider's error code (RFC 6749, 5.2), or what the network or the status line said.
/// </summary>
public sealed record FailedResult(string Error, string? ErrorDescription = null) : TokenResult
{
    public override string ToString() =>
        $"Failed to retrieve access token due to {Error}"
        + (string.IsNullOrEmpty(ErrorDescription) ? "." : $" with description {ErrorDescription}.");
}
