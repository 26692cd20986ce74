using System.Security.Cryptography;
using Lightning.Data;
using Lightning.Data.Keys;
using Lightning.Sessions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tokens;

/// <summary>
/// The signing keys. Reloaded from the database every few seconds, so that all replicas learn of new and revoked keys
/// without a restart. One replica creates the first key on demand and its successors on schedule. A successor is
/// published before it signs, and a key verifies as long as anything it signed can be used here.
/// </summary>
sealed partial class SigningKeys(
    IServiceScopeFactory scopes,
    IDataProtectionProvider protection,
    IOptions<SigningKeyOptions> options,
    IOptions<SessionsOptions> sessions,
    TimeProvider clock,
    ILogger<SigningKeys> logger
) : IDisposable
{
    /// <summary>The key of the advisory lock: "idkeys" in ASCII.</summary>
    const long Lock = 0x69646B657973;
    static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(5);
    readonly IDataProtector protector = protection.CreateProtector("Lightning.Identity.SigningKeys");
    readonly SemaphoreSlim loadLock = new(1, 1);
    readonly Dictionary<string, ECDsaSecurityKey> keyCache = new(StringComparer.Ordinal);
    volatile Snapshot? current;

    /// <summary>The credentials of the newest key whose signing time has started.</summary>
    public async ValueTask<SigningCredentials> SignerAsync(CancellationToken cancellationToken) =>
        (await ReadAsync(cancellationToken)).Signer;

    /// <summary>The keys that verify signatures, newest first.</summary>
    public async ValueTask<IReadOnlyList<ECDsaSecurityKey>> VerifiersAsync(CancellationToken cancellationToken) =>
        (await ReadAsync(cancellationToken)).Keys;

    async ValueTask<Snapshot> ReadAsync(CancellationToken cancellationToken)
    {
        if (current is { } fresh && clock.GetUtcNow() < fresh.ReadAt + ReloadInterval)
            return fresh;
        await loadLock.WaitAsync(cancellationToken);
        try
        {
            if (current is { } meanwhile && clock.GetUtcNow() < meanwhile.ReadAt + ReloadInterval)
                return meanwhile;
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
            return current = await LoadAsync(db, cancellationToken) is { NeedsSuccessor: false } kept
                ? kept
                : await CreateAsync(db, cancellationToken);
        }
        finally
        {
            loadLock.Release();
        }
    }

    async Task<Snapshot?> LoadAsync(LightningDb db, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var rows = await db
            .SigningKeys.AsNoTracking()
            .Where(row => row.RetiredAt == null || row.RetiredAt > now)
            .OrderByDescending(row => row.SignsFrom)
            .ToListAsync(cancellationToken);
        var keys = rows.Select(row => (Row: row, Key: Decrypt(row))).Where(pair => pair.Key is not null).ToArray();
        if (keys.Length == 0)
            return null;
        // If the current signing key was revoked, the already published successor signs early; clients know it.
        var (_, signer) = keys.FirstOrDefault(pair => pair.Row.SignsFrom <= now, keys[^1]);
        return new Snapshot(
            now,
            new SigningCredentials(signer, SecurityAlgorithms.EcdsaSha256),
            [.. keys.Select(pair => pair.Key!)],
            keys[0].Row.SuccessorDueAt <= now
        );
    }

    /// <summary>Creates the first or the next key, unless another replica has already created it.</summary>
    async Task<Snapshot> CreateAsync(LightningDb db, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);
        var present = await LoadAsync(db, cancellationToken);
        if (present is { NeedsSuccessor: false })
            return present;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        var signsFrom = present is null ? now : now + options.Value.PublishedBefore;
        var row = new SigningKey
        {
            // RFC 7638: the key id is the key's thumbprint.
            Id = WebEncoders.Base64UrlEncode(new ECDsaSecurityKey(key).ComputeJwkThumbprint()),
            Algorithm = SecurityAlgorithms.EcdsaSha256,
            PrivateKey = protector.Protect(key.ExportPkcs8PrivateKey()),
            CreatedAt = now,
            SignsFrom = signsFrom,
            SuccessorDueAt = signsFrom + options.Value.Lifetime - options.Value.PublishedBefore,
        };
        db.SigningKeys.Add(row);
        db.AuditEntries.Add(
            new()
            {
                At = now,
                Action = "signing-key-made",
                SubjectType = "signing-key",
                SubjectId = row.Id,
            }
        );
        await db.SaveChangesAsync(cancellationToken);
        // An ID token is accepted as a logout hint as long as its session can last, so it lives longest of all that a
        // key signs.
        var retiredAt = signsFrom + sessions.Value.AbsoluteLifetime + TokenFactory.Lifetime;
        var known = present?.Keys.Select(key => key.KeyId).ToArray() ?? [];
        await db
            .SigningKeys.Where(older => known.Contains(older.Id) && older.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(older => older.RetiredAt, retiredAt), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogCreated(row.Id, signsFrom);
        return (await LoadAsync(db, cancellationToken))!;
    }

    /// <summary>
    /// Returns the key, or null if it cannot be decrypted. Its tokens then become invalid and a new key takes over.
    /// </summary>
    ECDsaSecurityKey? Decrypt(SigningKey row)
    {
        if (keyCache.TryGetValue(row.Id, out var known))
            return known;
        try
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(protector.Unprotect(row.PrivateKey), out _);
            return keyCache[row.Id] = new ECDsaSecurityKey(key) { KeyId = row.Id };
        }
        catch (CryptographicException ex)
        {
            LogUnreadable(ex, row.Id);
            return null;
        }
    }

    public void Dispose() => loadLock.Dispose();

    [LoggerMessage(LogLevel.Information, "Created signing key {KeyId}, which signs from {SignsFrom}")]
    partial void LogCreated(string keyId, DateTimeOffset signsFrom);

    [LoggerMessage(
        LogLevel.Error,
        "Signing key {KeyId} cannot be decrypted because the data protection key that encrypted it is missing"
    )]
    partial void LogUnreadable(Exception ex, string keyId);

    sealed record Snapshot(
        DateTimeOffset ReadAt,
        SigningCredentials Signer,
        IReadOnlyList<ECDsaSecurityKey> Keys,
        bool NeedsSuccessor
    );
}
