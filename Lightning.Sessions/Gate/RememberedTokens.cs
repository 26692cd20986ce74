using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Lightning.Sessions.WebSessions;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Gate;

/// <summary>
/// Tokens that were found valid, to their end: a signature costs more than all else on the way in. Only whether the token is what it says is
/// remembered; whether its session lives is asked at every call. Bounded: when full, it starts anew.
/// </summary>
sealed class RememberedTokens(TimeProvider clock, RequestLimits limits, IHttpContextAccessor requests) : JsonWebTokenHandler
{
    /// <summary>At some 2 KB each.</summary>
    const int Capacity = 50_000, Longest = 16 * 1024;

    /// <summary>How long a caller waits for the issuer's keys, which are asked for only where none were read yet.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<CookieHash, (object? Keys, TokenValidationResult Result)> valid = new();
    object? keys;
    int count;

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        ArgumentNullException.ThrowIfNull(validationParameters);
        ArgumentNullException.ThrowIfNull(token);
        var configuration = validationParameters.ConfigurationManager is { } manager ? await manager.GetBaseConfigurationAsync(CancellationToken.None).WaitAsync(Patience) : null;
        if (!ReferenceEquals(Volatile.Read(ref keys), configuration))
        {
            Volatile.Write(ref keys, configuration);
            Clear();
        }
        var key = CookieHash.Of(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (valid.TryGetValue(key, out var known))
        {
            // Keys that the issuer has taken back vouch for nothing: with other metadata everything is validated anew.
            if (ReferenceEquals(known.Keys, configuration) && clock.GetUtcNow() < known.Result.SecurityToken.ValidTo + validationParameters.ClockSkew) return known.Result;
            if (valid.TryRemove(key, out _)) Interlocked.Decrement(ref count);
        }
        // A signature that is made up costs as much as a good one.
        if (requests.HttpContext is { } request && limits.Refuse(request) is { } tooMany) return new() { IsValid = false, Exception = tooMany };
        var result = await base.ValidateTokenAsync(token, validationParameters);
        if (!result.IsValid) return result;
        // Made on first use, and used by many requests at once from now on.
        _ = result.ClaimsIdentity;
        if (token.Length <= Longest && valid.TryAdd(key, (configuration, result)) && Interlocked.Increment(ref count) > Capacity) Clear();
        return result;
    }

    void Clear()
    {
        valid.Clear();
        Interlocked.Exchange(ref count, 0);
    }
}
