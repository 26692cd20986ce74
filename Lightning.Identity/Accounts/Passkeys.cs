using System.Security.Cryptography;
using System.Text;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Identity.Audit;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>
/// Passkeys (WebAuthn, Level 3), by what ASP.NET Core Identity has built in. The authenticator verifies its user each time, so that a passkey is two
/// factors by itself: the device, and what unlocks it.
/// </summary>
sealed class Passkeys(LightningDb db, UserManager<Account> accounts, IPasskeyHandler<Account> handler, Seal seal, TimeProvider clock, SignInFailures failures, ILogger<Passkeys> logger)
{
    /// <summary>The <c>amr</c> of it (RFC 8176, 2): a key was shown, its user was verified, and that is more than one factor.</summary>
    public static readonly string[] Methods = ["pop", "user", SecondFactor.Multiple];

    /// <summary>The longest answer of an authenticator that is read, in characters.</summary>
    public const int LongestAnswer = 20_000;

    /// <summary>The longest name of a passkey, in characters.</summary>
    public const int NameLength = 60;

    /// <summary>The most passkeys of one account.</summary>
    public const int Most = 20;

    const string Cookie = "__Host-lightning-id-passkey";
    static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>The relying party is the issuer's host, and no other origin may use what an authenticator says for it.</summary>
    public static void Configure(IdentityPasskeyOptions passkeys, IOptions<ProviderOptions> provider)
    {
        var issuer = provider.Value.Issuer;
        passkeys.ServerDomain = new Uri(issuer).Host;
        passkeys.UserVerificationRequirement = "required";
        passkeys.ResidentKeyRequirement = "required";
        passkeys.AuthenticatorTimeout = Lifetime;
        passkeys.ValidateOrigin = context => ValueTask.FromResult(!context.CrossOrigin && context.Origin == issuer);
    }

    /// <summary>What a browser needs to make a passkey, as JSON.</summary>
    public async Task<string> CreationAsync(HttpContext http, Account account)
    {
        var options = await handler.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = account.Id.ToString(), Name = account.Email!, DisplayName = account.Name }, http);
        seal.WriteCookie(http, Cookie, options.AttestationState ?? "", Lifetime, SameSiteMode.Strict);
        return options.CreationOptionsJson;
    }

    /// <summary>The passkey that a browser made for the account; null where it did not, or for somebody else. The caller saves it.</summary>
    public async Task<UserPasskeyInfo?> ReadAsync(HttpContext http, Account account, string credential)
    {
        if (await TakeStateAsync(http) is not { } state) return null;
        var made = await handler.PerformAttestationAsync(new PasskeyAttestationContext { HttpContext = http, CredentialJson = credential, AttestationState = state });
        if (made.Succeeded && made.UserEntity.Id == account.Id.ToString() && made.Passkey.IsUserVerified) return made.Passkey;
        logger.PasskeyRefused(account.Id, made.Failure?.Message ?? "made for another account");
        return null;
    }

    /// <summary>What a browser needs to show any passkey of this provider, as JSON: it tells nobody which accounts there are.</summary>
    public async Task<string> RequestAsync(HttpContext http)
    {
        var options = await handler.MakeRequestOptionsAsync(null, http);
        seal.WriteCookie(http, Cookie, options.AssertionState ?? "", Lifetime, SameSiteMode.Strict);
        return options.RequestOptionsJson;
    }

    /// <summary>Whose passkey was shown; null where it is nobody's.</summary>
    public async Task<Account?> ProveAsync(HttpContext http, string credential)
    {
        if (await TakeStateAsync(http) is not { } state) return null;
        var shown = await handler.PerformAssertionAsync(new PasskeyAssertionContext { HttpContext = http, CredentialJson = credential, AssertionState = state });
        if (!shown.Succeeded || !shown.Passkey.IsUserVerified)
        {
            await failures.WriteAsync(shown.User?.Id, Methods[0], shown.Failure?.Message ?? "user not verified");
            return null;
        }
        // Keeps the counter and the backup flags (WebAuthn, 7.2, step 26).
        if ((await accounts.AddOrUpdatePasskeyAsync(shown.User, shown.Passkey)).Succeeded) return shown.User;
        db.ChangeTracker.Clear();
        await failures.WriteAsync(shown.User.Id, Methods[0], "the account was changed meanwhile");
        return null;
    }

    /// <summary>The challenge that this browser was given, good for one answer on any replica.</summary>
    async Task<string?> TakeStateAsync(HttpContext http)
    {
        if (seal.ReadCookie<string>(http, Cookie) is not { Length: > 0 } state) return null;
        Seal.DeleteCookie(http, Cookie);
        var (hash, until) = (SHA256.HashData(Encoding.UTF8.GetBytes($"passkey {state}")), clock.GetUtcNow() + Lifetime);
        return await db.Database.ExecuteSqlAsync($"INSERT INTO identity.seen_tokens (hash, expires_at) VALUES ({hash}, {until}) ON CONFLICT DO NOTHING") > 0 ? state : null;
    }
}
