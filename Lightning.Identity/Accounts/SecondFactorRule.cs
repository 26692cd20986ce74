using Microsoft.Extensions.Options;

namespace Lightning.Identity.Accounts;

/// <summary>Who must sign in with a second factor, an authenticator app besides the password or a passkey: <c>Identity:SecondFactor:RequiredFor</c>.</summary>
sealed class SecondFactorRule(IOptions<ProviderOptions> options, IHostEnvironment environment)
{
    const string Administrators = nameof(Administrators);
    const string Everyone = nameof(Everyone);
    const string Nobody = nameof(Nobody);

    /// <summary>What may be written there.</summary>
    public static readonly string[] Known = [Nobody, Administrators, Everyone];

    /// <summary>Whether everyone must.</summary>
    public bool ForEveryone { get; } = Is(options, environment, Everyone);

    /// <summary>Whether administrators must.</summary>
    public bool ForAdministrators { get; } = Is(options, environment, Administrators);

    // Secure by default where it matters, and a start in one minute where it does not.
    static bool Is(IOptions<ProviderOptions> options, IHostEnvironment environment, string whom) => string.Equals(
        options.Value.SecondFactor.RequiredFor ?? (environment.IsProduction() ? Administrators : Nobody), whom, StringComparison.OrdinalIgnoreCase);
}
