using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Lightning.Sessions.Feed;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Sessions.Bearer;

/// <summary>
/// Caches the validation of access tokens until they expire, because verifying a signature is the most expensive step
/// of a request. Only signature and claims are cached; the session is checked at every request. A full cache is
/// cleared.
/// </summary>
sealed class CachingTokenHandler(TimeProvider clock, RequestLimits limits, IHttpContextAccessor requests)
    : JsonWebTokenHandler
{
    /// <summary>At about 2 KB an entry.</summary>
    const int Capacity = 50_000;

    const int MaxTokenLength = 16 * 1024;

    /// <summary>How long a request waits for the issuer's keys if none were fetched yet.</summary>
    static readonly TimeSpan KeysTimeout = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<CookieHash, (object? Keys, TokenValidationResult Result)> valid = new();
    object? keys;
    int count;

    public override async Task<TokenValidationResult> ValidateTokenAsync(
        string token,
        TokenValidationParameters validationParameters
    )
    {
        ArgumentNullException.ThrowIfNull(validationParameters);
        ArgumentNullException.ThrowIfNull(token);
        var configuration = validationParameters.ConfigurationManager is { } manager
            ? await manager.GetBaseConfigurationAsync(CancellationToken.None).WaitAsync(KeysTimeout)
            : null;
        if (!ReferenceEquals(Volatile.Read(ref keys), configuration))
        {
            Volatile.Write(ref keys, configuration);
            Clear();
        }
        var key = CookieHash.FromBytes(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (valid.TryGetValue(key, out var cached))
        {
            // The issuer may have revoked a key: a result of older metadata is not used.
            if (
                ReferenceEquals(cached.Keys, configuration)
                && clock.GetUtcNow() < cached.Result.SecurityToken.ValidTo + validationParameters.ClockSkew
            )
                return cached.Result;
            if (valid.TryRemove(key, out _))
                Interlocked.Decrement(ref count);
        }
        // An invalid signature costs as much as a valid one.
        if (requests.HttpContext is { } request && limits.Refuse(request) is { } tooMany)
            return new() { IsValid = false, Exception = tooMany };
        var result = await base.ValidateTokenAsync(token, validationParameters);
        if (!result.IsValid)
            return result;
        // Created lazily and not thread-safe: create it before the result is shared.
        _ = result.ClaimsIdentity;
        if (
            token.Length <= MaxTokenLength
            && valid.TryAdd(key, (configuration, result))
            && Interlocked.Increment(ref count) > Capacity
        )
            Clear();
        return result;
    }

    void Clear()
    {
        valid.Clear();
        Interlocked.Exchange(ref count, 0);
    }
}
