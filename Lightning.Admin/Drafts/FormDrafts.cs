using System.Security.Cryptography;
using System.Text.Json;
using Lightning.Admin.Engine.Drafts;
using Lightning.Data;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Lightning.Admin.Drafts;

/// <summary>
/// Keeps a posted form while its user signs in again, and gives it back to be shown, never to be executed. The values
/// are encrypted for the form's path and a random id in its URL. They are given only to the user and browser that the
/// form's antiforgery token was issued to.
/// </summary>
sealed class FormDrafts(
    LightningDb db,
    IDataProtectionProvider protection,
    IAntiforgery antiforgery,
    IOptions<AntiforgeryOptions> antiforgeryOptions,
    FormDraftLimiter limiter,
    TimeProvider clock
) : IFormDrafts
{
    /// <summary>The id's parameter in the URL.</summary>
    public const string Parameter = "_draft";

    /// <summary>The maximum size of a form in bytes.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The maximum number of drafts; the oldest are deleted.</summary>
    public const int MaxDrafts = 200;

    const string TooLarge = "too-large";
    const string Lost = "lost";

    /// <summary>Keeps the request's form.</summary>
    /// <returns>The value of <see cref="Parameter"/>.</returns>
    public async Task<string> KeepAsync(HttpContext context)
    {
        var request = context.Request;
        // Browsers state the length; an unknown one is not read.
        if (request.ContentLength is not <= MaxBytes)
            return TooLarge;
        if (!limiter.TryTake(context.Network()))
            return Lost;
        try
        {
            var form = await request.ReadFormAsync(context.RequestAborted);
            var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            foreach (var file in form.Files)
                files[file.Name] = await ReadAsync(file, context.RequestAborted);
            var id = RandomNumberGenerator.GetBytes(32);
            var content = new Content(form.ToDictionary(field => field.Key, field => field.Value.ToArray()), files);
            await SaveAsync(
                new()
                {
                    IdHash = SHA256.HashData(id),
                    Content = Protector(id, request.Path).Protect(JsonSerializer.SerializeToUtf8Bytes(content)),
                    ExpiresAt = clock.GetUtcNow() + Data.Drafts.FormDraft.Lifetime,
                }
            );
            return WebEncoders.Base64UrlEncode(id);
        }
        catch (Exception ex) when (ex is InvalidDataException or BadHttpRequestException)
        {
            return Lost;
        }
    }

    /// <inheritdoc/>
    public async Task<FormDraft?> FindAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var id = context.Request.Query[Parameter].ToString();
        if (id.Length == 0)
            return null;
        if (id == TooLarge)
            return new(FormDraftState.TooLarge);
        if (
            await ReadAsync(id, context.Request.Path, cancellationToken) is not { } content
            || !await IsOfUserAsync(context, content)
        )
            return new(FormDraftState.Lost);
        return new(FormDraftState.Kept)
        {
            Fields = content
                .Fields.Where(field => field.Key != antiforgeryOptions.Value.FormFieldName)
                .ToDictionary(
                    field => field.Key,
                    field => new StringValues(field.Value),
                    StringComparer.OrdinalIgnoreCase
                ),
            Files = content.Files,
        };
    }

    /// <summary>
    /// Whether the form's antiforgery token was issued to this browser and user: so the form is one of this site's own,
    /// and another user of the browser never sees what it holds.
    /// </summary>
    async Task<bool> IsOfUserAsync(HttpContext context, Content content)
    {
        if (
            !content.Fields.TryGetValue(antiforgeryOptions.Value.FormFieldName, out var token)
            || antiforgeryOptions.Value.HeaderName is not { } header
        )
            return false;
        // A GET request has no form for the token; the validation also looks in this header.
        context.Request.Headers[header] = token;
        try
        {
            await antiforgery.ValidateRequestAsync(context);
            return true;
        }
        catch (AntiforgeryValidationException)
        {
            return false;
        }
        finally
        {
            context.Request.Headers.Remove(header);
        }
    }

    async Task<Content?> ReadAsync(string id, PathString path, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = WebEncoders.Base64UrlDecode(id);
            var (hash, now) = (SHA256.HashData(bytes), clock.GetUtcNow());
            var draft = await db
                .FormDrafts.AsNoTracking()
                .SingleOrDefaultAsync(one => one.IdHash == hash && one.ExpiresAt > now, cancellationToken);
            return draft is null
                ? null
                : JsonSerializer.Deserialize<Content>(Protector(bytes, path).Unprotect(draft.Content));
        }
        catch (Exception ex) when (ex is FormatException or CryptographicException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Saves a draft, and deletes expired ones and the oldest beyond the limit.</summary>
    async Task SaveAsync(Data.Drafts.FormDraft draft)
    {
        var now = clock.GetUtcNow();
        db.FormDrafts.Add(draft);
        await db.SaveChangesAsync(CancellationToken.None);
        await db
            .FormDrafts.Where(one =>
                one.ExpiresAt <= now
                || db.FormDrafts.OrderByDescending(kept => kept.ExpiresAt)
                    .Skip(MaxDrafts)
                    .Select(kept => kept.IdHash)
                    .Contains(one.IdHash)
            )
            .ExecuteDeleteAsync(CancellationToken.None);
    }

    static async Task<byte[]> ReadAsync(IFormFile file, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }

    IDataProtector Protector(byte[] id, PathString path) =>
        protection.CreateProtector("Lightning.Admin.FormDrafts", WebEncoders.Base64UrlEncode(id), path.Value ?? "");

    /// <summary>What is encrypted.</summary>
    sealed record Content(Dictionary<string, string?[]> Fields, Dictionary<string, byte[]> Files);
}

/// <summary>Limits the drafts of a network: a form can be posted without a session.</summary>
sealed class FormDraftLimiter() : PerMinuteLimiter<System.Net.IPAddress>(PerMinute)
{
    const int PerMinute = 20;
}
