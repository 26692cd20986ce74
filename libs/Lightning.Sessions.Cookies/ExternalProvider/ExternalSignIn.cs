using System.Security.Claims;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Cookies.Provider;
using Lightning.Sessions.Model;
using Lightning.Sessions.Providers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Sessions.Cookies.ExternalProvider;

/// <summary>
/// The user and the session of an external provider's ID token. Lightning.Identity writes both to the database itself;
/// for an external provider the relying party does. Not a record, so that it is never logged by accident.
/// </summary>
sealed class ExternalSignIn
{
    /// <summary>Marks a sign-in that asked the provider to authenticate the user again.</summary>
    const string Reauthentication = "freshly-proved";

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    /// <summary>The provider's session id; null if the ID token has no <c>sid</c>.</summary>
    public required string? Sid { get; init; }

    public required string Email { get; init; }

    public required bool EmailVerified { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset AuthTime { get; init; }

    public required string[] Methods { get; init; }

    public required string? Ip { get; init; }

    /// <summary>Reads the claims.</summary>
    /// <exception cref="SignInRefusedException">A required claim is missing.</exception>
    public static ExternalSignIn Read(
        ClaimsPrincipal user,
        AuthenticationProperties properties,
        HttpContext context,
        RelyingPartyOptions provider
    )
    {
        var subject =
            Text(user, "sub", 256) ?? throw new SignInRefusedException("The provider's ID token has no subject.");
        var email =
            Text(user, "email", 256)
            ?? throw new SignInRefusedException(
                "The provider's ID token has no email address: configure the provider to include it."
            );
        return new ExternalSignIn
        {
            Issuer = user.FindFirst("iss")!.Value,
            Subject = subject,
            Sid = Text(user, "sid", 256),
            Email = EmailAddress.Normalize(email),
            EmailVerified = EmailVerifiedClaim.IsTrue(
                user.FindFirst(EmailVerifiedClaim.Name),
                provider.AcceptEmailVerifiedAsString
            ),
            Name = PersonName.Clean(user.FindFirst("name")?.Value),
            AuthTime = AuthenticatedAt(user, properties),
            Methods =
            [
                .. user.FindAll("amr").Select(claim => claim.Value).Where(method => method.Length <= 32).Take(16),
            ],
            Ip = context.Connection.RemoteIpAddress?.ToString(),
        };
    }

    /// <summary>Remembers that this sign-in asks the provider to authenticate the user again.</summary>
    public static void MarkReauthentication(AuthenticationProperties properties) =>
        properties.Items[Reauthentication] = "";

    /// <summary>
    /// Writes the user and the session, in the caller's transaction.
    /// </summary>
    /// <returns>The session's id; null if the user is disabled, the session is another user's, or the provider has
    /// ended it.</returns>
    public async Task<Guid?> BeginAsync(
        ISessionContext db,
        DateTimeOffset now,
        DateTimeOffset endsAt,
        CancellationToken cancellationToken
    )
    {
        if (Sid is not null && await new RevokedSids(db).IsRevokedAsync(Issuer, Sid, now))
            return null;
        var userId = Guid.CreateVersion7(now);
        var sessionId = Guid.CreateVersion7(now);
        var started = await db
            .Database.SqlQuery<Guid?>(
                $"""
                SELECT identity.begin_foreign_session({userId}, {sessionId}, {Issuer}, {Subject}, {Sid}::text,
                    {Email}, {EmailVerified}, {Name}, {now}, {AuthTime}, {endsAt}, {Ip}::text, {Methods}) AS "Value"
                """
            )
            .ToListAsync(cancellationToken);
        return started.Single();
    }

    /// <summary>
    /// When the user last authenticated (OpenID Connect Core 1.0, 2). Without <c>auth_time</c>, <c>iat</c> counts only
    /// if this sign-in asked for reauthentication; otherwise it is the Unix epoch, which is never recent.
    /// </summary>
    static DateTimeOffset AuthenticatedAt(ClaimsPrincipal user, AuthenticationProperties properties) =>
        AuthenticationTime.Read(user)
        ?? (properties.Items.ContainsKey(Reauthentication) ? AuthenticationTime.Read(user, "iat") : null)
        ?? DateTimeOffset.UnixEpoch;

    static string? Text(ClaimsPrincipal user, string claim, int longest) =>
        user.FindFirst(claim)?.Value is { Length: > 0 } value && value.Length <= longest ? value : null;
}
