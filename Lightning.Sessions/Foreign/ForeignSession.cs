using System.Globalization;
using System.Security.Claims;
using Lightning.Data;
using Lightning.Data.Users;
using Lightning.Sessions.RelyingParties;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Foreign;

/// <summary>
/// What another provider's ID token says of a person and their session there. Lightning.Identity would have written both itself; here whoever takes
/// the sign-in does. No record, so that it is never printed.
/// </summary>
sealed class ForeignSession
{
    /// <summary>Set where this sign-in asked the provider for a fresh proof.</summary>
    const string FreshlyProved = "freshly-proved";

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>The provider's name for the session; many say none.</summary>
    public required string? Sid { get; init; }

    public required string Email { get; init; }

    public required bool EmailVerified { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset AuthTime { get; init; }

    public required string[] Methods { get; init; }

    public required string? Ip { get; init; }

    /// <summary>Reads the claims.</summary>
    /// <exception cref="SignInRefusedException">One that is needed is not there.</exception>
    public static ForeignSession Read(ClaimsPrincipal user, AuthenticationProperties properties, HttpContext context)
    {
        var subject = Text(user, "sub", 256) ?? throw new SignInRefusedException("The provider's ID token names nobody.");
        var email = Text(user, "email", 256)
            ?? throw new SignInRefusedException("The provider's ID token has no e-mail address: the provider has to be told to put it there.");
        return new ForeignSession
        {
            Issuer = user.FindFirst("iss")!.Value,
            Subject = subject,
            Sid = Text(user, "sid", 256),
            Email = email,
            EmailVerified = string.Equals(user.FindFirst("email_verified")?.Value, "true", StringComparison.OrdinalIgnoreCase),
            Name = user.FindFirst("name")?.Value is { Length: > 0 } name ? name[..Math.Min(name.Length, User.NameLength)] : "",
            AuthTime = ProvedAt(user, properties),
            Methods = [.. user.FindAll("amr").Select(claim => claim.Value).Where(method => method.Length <= 32).Take(16)],
            Ip = context.Connection.RemoteIpAddress?.ToString(),
        };
    }

    /// <summary>Notes that the provider is asked to let the person prove themself anew.</summary>
    public static void AskForProof(AuthenticationProperties properties) => properties.Items[FreshlyProved] = "";

    /// <summary>
    /// Writes person and session; gives the session's key, or null where the person is shut out or the session is another's or was ended by the
    /// provider. Stands in the caller's transaction.
    /// </summary>
    public async Task<Guid?> BeginAsync(LightningDb db, DateTimeOffset now, DateTimeOffset endsAt, CancellationToken cancellationToken)
    {
        if (Sid is not null && await new ForeignSids(db).IsShutAsync(Issuer, Sid, now)) return null;
        return (await db.Database.SqlQuery<Guid?>($"""
            SELECT identity.begin_foreign_session({Guid.CreateVersion7(now)}, {Guid.CreateVersion7(now)}, {Issuer}, {Subject}, {Sid}::text,
                {Email}, {EmailVerified}, {Name}, {now}, {AuthTime}, {endsAt}, {Ip}::text, {Methods}) AS "Value"
            """).ToListAsync(cancellationToken)).Single();
    }

    /// <summary>
    /// When the person last proved who they are (OpenID Connect Core 1.0, 2). A provider that does not say is believed only where it was asked for a
    /// proof; else it may as well have been long ago, and what needs a fresh one asks for it.
    /// </summary>
    static DateTimeOffset ProvedAt(ClaimsPrincipal user, AuthenticationProperties properties) =>
        Time(user, "auth_time") ?? (properties.Items.ContainsKey(FreshlyProved) ? Time(user, "iat") : null) ?? DateTimeOffset.UnixEpoch;

    static DateTimeOffset? Time(ClaimsPrincipal user, string claim) =>
        long.TryParse(user.FindFirst(claim)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 32_503_680_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    static string? Text(ClaimsPrincipal user, string claim, int longest) => user.FindFirst(claim)?.Value is { Length: > 0 } value && value.Length <= longest ? value : null;
}
