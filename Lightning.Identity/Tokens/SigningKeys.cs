using System.Security.Cryptography;
using Lightning.Data;
using Lightning.Data.Keys;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace Lightning.Identity.Tokens;

/// <summary>
/// The keys that sign tokens, from the database and re-read each minute, so that a new key is known to every replica without a restart.
/// The first is made when it is first needed, by one replica only.
/// </summary>
sealed partial class SigningKeys(IServiceScopeFactory scopes, IDataProtectionProvider protection, TimeProvider clock, ILogger<SigningKeys> logger) : IDisposable
{
    /// <summary>"idkeys" in ASCII; any constant would do.</summary>
    const long Lock = 0x69646B657973;
    static readonly TimeSpan Freshness = TimeSpan.FromMinutes(1);
    readonly IDataProtector protector = protection.CreateProtector("Lightning.Identity.SigningKeys");
    readonly SemaphoreSlim reading = new(1, 1);
    readonly Dictionary<string, ECDsaSecurityKey> opened = new(StringComparer.Ordinal);
    volatile Snapshot? current;

    /// <summary>What the newest key signs with.</summary>
    public async ValueTask<SigningCredentials> SignerAsync(CancellationToken cancellationToken) => (await ReadAsync(cancellationToken)).Signer;

    /// <summary>The keys that verify, newest first.</summary>
    public async ValueTask<IReadOnlyList<ECDsaSecurityKey>> VerifiersAsync(CancellationToken cancellationToken) => (await ReadAsync(cancellationToken)).Keys;

    async ValueTask<Snapshot> ReadAsync(CancellationToken cancellationToken)
    {
        if (current is { } fresh && clock.GetUtcNow() < fresh.ReadAt + Freshness) return fresh;
        await reading.WaitAsync(cancellationToken);
        try
        {
            if (current is { } meanwhile && clock.GetUtcNow() < meanwhile.ReadAt + Freshness) return meanwhile;
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<LightningDb>();
            return current = await LoadAsync(db, cancellationToken) ?? await CreateAsync(db, cancellationToken);
        }
        finally
        {
            reading.Release();
        }
    }

    async Task<Snapshot?> LoadAsync(LightningDb db, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var rows = await db.SigningKeys.AsNoTracking().Where(row => row.RetiredAt == null || row.RetiredAt > now)
            .OrderByDescending(row => row.SignsFrom).ToListAsync(cancellationToken);
        var keys = rows.Select(row => (row.SignsFrom, Key: Open(row))).Where(row => row.Key is not null).Select(row => (row.SignsFrom, Key: row.Key!)).ToArray();
        var signer = keys.Where(row => row.SignsFrom <= now).Select(row => row.Key).FirstOrDefault();
        return signer is null ? null
            : new Snapshot(now, new SigningCredentials(signer, SecurityAlgorithms.EcdsaSha256), [.. keys.Select(row => row.Key)]);
    }

    /// <summary>Makes a key, unless another replica was first.</summary>
    async Task<Snapshot> CreateAsync(LightningDb db, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);
        if (await LoadAsync(db, cancellationToken) is { } made) return made;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        var row = new SigningKey
        {
            // RFC 7638: the same key has the same id wherever it is published.
            Id = WebEncoders.Base64UrlEncode(new ECDsaSecurityKey(key).ComputeJwkThumbprint()),
            Algorithm = SecurityAlgorithms.EcdsaSha256,
            PrivateKey = protector.Protect(key.ExportPkcs8PrivateKey()),
            CreatedAt = now,
            SignsFrom = now,
        };
        db.SigningKeys.Add(row);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogCreated(row.Id);
        return (await LoadAsync(db, cancellationToken))!;
    }

    /// <summary>The key, or null where the ring that encrypted it is lost: then its tokens die early, and a new key takes over.</summary>
    ECDsaSecurityKey? Open(SigningKey row)
    {
        if (opened.TryGetValue(row.Id, out var known)) return known;
        try
        {
            var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(protector.Unprotect(row.PrivateKey), out _);
            return opened[row.Id] = new ECDsaSecurityKey(key) { KeyId = row.Id };
        }
        catch (CryptographicException fault)
        {
            LogUnreadable(fault, row.Id);
            return null;
        }
    }

    public void Dispose() => reading.Dispose();

    [LoggerMessage(LogLevel.Information, "Made the signing key {KeyId}")]
    partial void LogCreated(string keyId);

    [LoggerMessage(LogLevel.Error, "The signing key {KeyId} cannot be decrypted: the data-protection ring that encrypted it is lost")]
    partial void LogUnreadable(Exception fault, string keyId);

    sealed record Snapshot(DateTimeOffset ReadAt, SigningCredentials Signer, IReadOnlyList<ECDsaSecurityKey> Keys);
}
