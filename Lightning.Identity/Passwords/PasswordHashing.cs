using System.Runtime.InteropServices;
using System.Threading.RateLimiting;
using Lightning.Data.Accounts;
using Lightning.Identity.Accounts;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Passwords;

/// <summary>Thrown where so many passwords wait to be hashed that another would wait too long.</summary>
sealed class HashingBusyException() : Exception("Too many passwords wait to be hashed.");

/// <summary>
/// Hashes and verifies passwords (PBKDF2-SHA512), a few at a time: hashing is meant to be slow, and a flood of sign-ins must not starve everything else.
/// A network has a share of the queue, so that none fills it.
/// </summary>
sealed class PasswordHashing(IPasswordHasher<Account> hasher, IHttpContextAccessor accessor, IOptions<ProviderOptions> options) : IDisposable
{
    /// <summary>OWASP's Password Storage Cheat Sheet for PBKDF2-HMAC-SHA512 advises 210,000 at least.</summary>
    public const int Iterations = 220_000;
    const int LongestQueue = 64;

    /// <summary>About a tenth of the share of a thread that has none.</summary>
    const int Niceness = 10;

    readonly ConcurrencyLimiter limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Value.HashesAtOnce is > 0 and var most ? most : Math.Max(1, Environment.ProcessorCount / 2),
        QueueLimit = LongestQueue,
    });

    readonly PartitionedRateLimiter<string> shares = PartitionedRateLimiter.Create<string, string>(network =>
        RateLimitPartition.GetConcurrencyLimiter(network, _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.HashesPerNetwork }));

    /// <summary>Verified where there is no account, so that the answer takes as long.</summary>
    readonly Lazy<string> nobodys = new(() => hasher.HashPassword(new Account(), Guid.NewGuid().ToString()));

    public Task<string> HashAsync(Account account, string password, CancellationToken cancellationToken) =>
        RunAsync(() => hasher.HashPassword(account, password), cancellationToken);

    /// <summary>Whether the password is the account's. Without an account it is nobody's, which takes the same time to find out.</summary>
    public Task<PasswordVerificationResult> VerifyAsync(Account? account, string password, CancellationToken cancellationToken) => RunAsync(
        () => hasher.VerifyHashedPassword(account ?? new Account(), account?.PasswordHash ?? nobodys.Value, password) is var result && account?.PasswordHash is null
            ? PasswordVerificationResult.Failed : result,
        cancellationToken);

    async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        using var share = shares.AttemptAcquire(AccountLimits.Network(accessor.HttpContext?.Connection.RemoteIpAddress));
        if (!share.IsAcquired) throw new HashingBusyException();
        using var permit = await limiter.AcquireAsync(1, cancellationToken);
        if (!permit.IsAcquired) throw new HashingBusyException();
        // On a thread of its own, which ends with the work: its priority is not the pool's.
        return await Task.Factory.StartNew(Run, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        T Run()
        {
            GiveWay();
            return work();
        }
    }

    /// <summary>Lets everything else run before this thread. Linux knows no priorities that the runtime could set, but niceness, and that of each thread by itself: setpriority(2).</summary>
    static void GiveWay()
    {
        // Where a sandbox forbids it, hashing is as everything else.
        if (OperatingSystem.IsLinux()) _ = SetPriority(which: 0, who: 0, Niceness);
        else Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [DllImport("libc", EntryPoint = "setpriority"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetPriority(int which, int who, int priority);

    public void Dispose()
    {
        shares.Dispose();
        limiter.Dispose();
    }
}
