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
/// The keys that sign tokens, from the database and re-read every few seconds, so that a new key is known to every replica, and a revoked one forgotten, without
/// a restart. The first is made when it is first needed, its successors on a schedule; each by one replica only. A successor is published before it
/// signs, and a key verifies as long as anything that it signed may be shown here.
/// </summary>
sealed partial class SigningKeys(
    IServiceScopeFactory scopes, IDataProtectionProvider protection, IOptions<SigningKeyOptions> options, IOptions<SessionsOptions> sessions, TimeProvider clock,
    ILogger<SigningKeys> logger) : IDisposable
{
    /// <summary>"idkeys" in ASCII; any constant would do.</summary>
    const long Lock = 0x69646B657973;
    static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);
    readonly IDataProtector protector = protection.CreateProtector("Lightning.Identity.SigningKeys");
    readonly SemaphoreSlim reading = new(1, 1);
    readonly Dictionary<string, ECDsaSecurityKey> opened = new(StringComparer.Ordinal);
    volatile Snapshot? current;

    /// <summary>What the newest key that has begun to sign signs with.</summary>
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
            return current = await LoadAsync(db, cancellationToken) is { NeedsSuccessor: false } kept ? kept : await CreateAsync(db, cancellationToken);
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
        var keys = rows.Select(row => (Row: row, Key: Open(row))).Where(pair => pair.Key is not null).ToArray();
        if (keys.Length == 0) return null;
        // Where the key that signs was revoked, the next one is published already: better to let it sign early than one that nobody knows.
        var (_, signer) = keys.FirstOrDefault(pair => pair.Row.SignsFrom <= now, keys[^1]);
        return new Snapshot(now, new SigningCredentials(signer, SecurityAlgorithms.EcdsaSha256), [.. keys.Select(pair => pair.Key!)], keys[0].Row.SuccessorDueAt <= now);
    }

    /// <summary>Makes the first key or the next one, unless another replica was first.</summary>
    async Task<Snapshot> CreateAsync(LightningDb db, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Lock})", cancellationToken);
        var present = await LoadAsync(db, cancellationToken);
        if (present is { NeedsSuccessor: false }) return present;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        var signsFrom = present is null ? now : now + options.Value.PublishedBefore;
        var row = new SigningKey
        {
            // RFC 7638: the same key has the same id wherever it is published.
            Id = WebEncoders.Base64UrlEncode(new ECDsaSecurityKey(key).ComputeJwkThumbprint()),
            Algorithm = SecurityAlgorithms.EcdsaSha256,
            PrivateKey = protector.Protect(key.ExportPkcs8PrivateKey()),
            CreatedAt = now,
            SignsFrom = signsFrom,
            SuccessorDueAt = signsFrom + options.Value.Lifetime - options.Value.PublishedBefore,
        };
        db.SigningKeys.Add(row);
        db.AuditEntries.Add(new() { At = now, Action = "signing-key-made", SubjectType = "signing-key", SubjectId = row.Id });
        await db.SaveChangesAsync(cancellationToken);
        // An ID token is taken as a hint at sign-out as long as its session may live, and is the longest-lived of what a key signs.
        var retiredAt = signsFrom + sessions.Value.AbsoluteLifetime + TokenFactory.Lifetime;
        var known = present?.Keys.Select(key => key.KeyId).ToArray() ?? [];
        await db.SigningKeys.Where(older => known.Contains(older.Id) && older.RetiredAt == null)
            .ExecuteUpdateAsync(update => update.SetProperty(older => older.RetiredAt, retiredAt), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        LogCreated(row.Id, signsFrom);
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

    [LoggerMessage(LogLevel.Information, "Made the signing key {KeyId}, which signs from {SignsFrom}")]
    partial void LogCreated(string keyId, DateTimeOffset signsFrom);

    [LoggerMessage(LogLevel.Error, "The signing key {KeyId} cannot be decrypted: the data-protection ring that encrypted it is lost")]
    partial void LogUnreadable(Exception fault, string keyId);

    sealed record Snapshot(DateTimeOffset ReadAt, SigningCredentials Signer, IReadOnlyList<ECDsaSecurityKey> Keys, bool NeedsSuccessor);
}
