using System.Security.Cryptography;
using System.Text;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Secrets;
using Lightning.Identity.Sessions;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Factors;

/// <summary>
/// Passkeys (WebAuthn Level 3), with the implementation of ASP.NET Core Identity. User verification is required, so
/// that a passkey counts as two factors.
/// </summary>
sealed class Passkeys(
    LightningDb db,
    UserManager<Account> accounts,
    IPasskeyHandler<Account> handler,
    StateProtector protector,
    TimeProvider clock,
    SignInFailureLog failures,
    ILogger<Passkeys> logger
)
{
    /// <summary>The longest credential response that is read, in characters.</summary>
    public const int MaxCredentialLength = 20_000;

    /// <summary>The longest name of a passkey, in characters.</summary>
    public const int NameLength = 60;

    /// <summary>How many passkeys an account may have.</summary>
    public const int MaxPerAccount = 20;

    const string Cookie = "__Host-lightning-id-passkey";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>The relying party id is the issuer's host, and only the issuer's origin is accepted.</summary>
    public static void Configure(IdentityPasskeyOptions passkeys, IOptions<ProviderOptions> provider)
    {
        var issuer = provider.Value.Issuer;
        passkeys.ServerDomain = new Uri(issuer).Host;
        passkeys.UserVerificationRequirement = "required";
        passkeys.ResidentKeyRequirement = "required";
        passkeys.AuthenticatorTimeout = Lifetime;
        passkeys.ValidateOrigin = context => ValueTask.FromResult(!context.CrossOrigin && context.Origin == issuer);
    }

    /// <summary>The options for <c>navigator.credentials.create</c>, as JSON.</summary>
    public async Task<string> CreationAsync(HttpContext http, Account account)
    {
        var options = await handler.MakeCreationOptionsAsync(
            new PasskeyUserEntity
            {
                Id = account.Id.ToString(),
                Name = account.Email!,
                DisplayName = account.Name,
            },
            http
        );
        protector.WriteCookie(http, Cookie, options.AttestationState ?? "", Lifetime, SameSiteMode.Strict);
        return options.CreationOptionsJson;
    }

    /// <summary>
    /// Validates a new passkey. Returns null if it is invalid or was created for another account. The caller saves it.
    /// </summary>
    public async Task<UserPasskeyInfo?> ReadAsync(HttpContext http, Account account, string credential)
    {
        if (await ConsumeChallengeAsync(http) is not { } state)
            return null;
        var made = await handler.PerformAttestationAsync(
            new PasskeyAttestationContext
            {
                HttpContext = http,
                CredentialJson = credential,
                AttestationState = state,
            }
        );
        if (made.Succeeded && made.UserEntity.Id == account.Id.ToString() && made.Passkey.IsUserVerified)
            return made.Passkey;
        logger.PasskeyRefused(account.Id, made.Failure?.Message ?? "created for another account");
        return null;
    }

    /// <summary>
    /// The options for <c>navigator.credentials.get</c>, as JSON. They name no credentials, so they do not reveal
    /// accounts.
    /// </summary>
    public async Task<string> RequestAsync(HttpContext http)
    {
        var options = await handler.MakeRequestOptionsAsync(null, http);
        protector.WriteCookie(http, Cookie, options.AssertionState ?? "", Lifetime, SameSiteMode.Strict);
        return options.RequestOptionsJson;
    }

    /// <summary>Validates a passkey sign-in. Returns its account, or null if it is invalid.</summary>
    public async Task<Account?> ProveAsync(HttpContext http, string credential)
    {
        if (await ConsumeChallengeAsync(http) is not { } state)
            return null;
        var shown = await handler.PerformAssertionAsync(
            new PasskeyAssertionContext
            {
                HttpContext = http,
                CredentialJson = credential,
                AssertionState = state,
            }
        );
        if (!shown.Succeeded || !shown.Passkey.IsUserVerified)
        {
            await failures.WriteAsync(
                shown.User?.Id,
                AuthenticationMethods.Passkey[0],
                shown.Failure?.Message ?? "user not verified"
            );
            return null;
        }
        // Saves the signature counter and the backup flags (WebAuthn, 7.2, step 26).
        if ((await accounts.AddOrUpdatePasskeyAsync(shown.User, shown.Passkey)).Succeeded)
            return shown.User;
        db.ChangeTracker.Clear();
        await failures.WriteAsync(
            shown.User.Id,
            AuthenticationMethods.Passkey[0],
            "the account was changed concurrently"
        );
        return null;
    }

    /// <summary>
    /// Returns the browser's challenge, which can be used once across all replicas; null if it has none.
    /// </summary>
    async Task<string?> ConsumeChallengeAsync(HttpContext http)
    {
        if (protector.ReadCookie<string>(http, Cookie) is not { Length: > 0 } state)
            return null;
        StateProtector.DeleteCookie(http, Cookie);
        var (hash, until) = (SHA256.HashData(Encoding.UTF8.GetBytes($"passkey {state}")), clock.GetUtcNow() + Lifetime);
        return
            await db.Database.ExecuteSqlAsync(
                $"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {until}) ON CONFLICT DO NOTHING"
            ) > 0
            ? state
            : null;
    }
}
