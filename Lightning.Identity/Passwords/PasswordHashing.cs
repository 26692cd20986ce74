using System.Net;
using System.Threading.RateLimiting;
using Lightning.Data.Accounts;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Passwords;

/// <summary>Thrown if the queue of passwords to hash is full.</summary>
sealed class HashingBusyException() : Exception("Too many passwords are waiting to be hashed.");

/// <summary>
/// Hashes and verifies passwords (PBKDF2-SHA512). Hashing is slow by design, so its concurrency is limited to leave
/// processors for other requests. Each network has a share of the queue, so that none can fill it.
/// </summary>
sealed class PasswordHashing(
    IPasswordHasher<Account> hasher,
    IHttpContextAccessor accessor,
    IOptions<ProviderOptions> options
) : IDisposable
{
    /// <summary>OWASP's Password Storage Cheat Sheet recommends at least 210,000 for PBKDF2-HMAC-SHA512.</summary>
    public const int Iterations = 220_000;
    const int QueueLength = 64;

    readonly ConcurrencyLimiter limiter = new(
        new ConcurrencyLimiterOptions
        {
            PermitLimit = options.Value.HashesAtOnce is > 0 and var most
                ? most
                : Math.Max(1, Environment.ProcessorCount / 2),
            QueueLimit = QueueLength,
        }
    );

    readonly PartitionedRateLimiter<IPAddress> shares = PartitionedRateLimiter.Create<IPAddress, IPAddress>(network =>
        RateLimitPartition.GetConcurrencyLimiter(
            network,
            _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.HashesPerNetwork }
        )
    );

    /// <summary>Verified if there is no account, so that the response takes the same time.</summary>
    readonly Lazy<string> dummyHash = new(() => hasher.HashPassword(new Account(), Guid.NewGuid().ToString()));

    public Task<string> HashAsync(Account account, string password, CancellationToken cancellationToken) =>
        RunAsync(() => hasher.HashPassword(account, PasswordPolicy.Normalize(password)), cancellationToken);

    /// <summary>
    /// Verifies a password, normalized and as typed: the latter is how earlier versions hashed it. Both are hashed if
    /// they differ, whether or not one matches. Without an account the result is Failed, after the same time.
    /// </summary>
    public Task<PasswordVerificationResult> VerifyAsync(
        Account? account,
        string password,
        CancellationToken cancellationToken
    ) =>
        RunAsync(
            () =>
            {
                var hash = account?.PasswordHash ?? dummyHash.Value;
                var normalized = PasswordPolicy.Normalize(password);
                var result = hasher.VerifyHashedPassword(account ?? new Account(), hash, normalized);
                if (!string.Equals(normalized, password, StringComparison.Ordinal))
                {
                    var asTyped = hasher.VerifyHashedPassword(account ?? new Account(), hash, password);
                    if (result == PasswordVerificationResult.Failed && asTyped != PasswordVerificationResult.Failed)
                        result = PasswordVerificationResult.SuccessRehashNeeded;
                }
                return account?.PasswordHash is null ? PasswordVerificationResult.Failed : result;
            },
            cancellationToken
        );

    async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        using var share = shares.AttemptAcquire(ClientNetwork.Get(accessor.HttpContext?.Connection.RemoteIpAddress));
        if (!share.IsAcquired)
            throw new HashingBusyException();
        using var permit = await limiter.AcquireAsync(1, cancellationToken);
        if (!permit.IsAcquired)
            throw new HashingBusyException();
        // On its own thread, so that it takes none from the pool.
        return await Task.Factory.StartNew(
            work,
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
    }

    public void Dispose()
    {
        shares.Dispose();
        limiter.Dispose();
    }
}
