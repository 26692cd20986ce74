using Microsoft.Extensions.Options;

namespace Lightning.Identity.Sessions;

/// <summary>
/// Who must sign in with a second factor: an authenticator app or a passkey (<c>Identity:SecondFactor:RequiredFor</c>).
/// </summary>
sealed class SecondFactorPolicy(IOptions<ProviderOptions> options, IHostEnvironment environment)
{
    const string Administrators = nameof(Administrators);
    const string Everyone = nameof(Everyone);
    const string Nobody = nameof(Nobody);

    /// <summary>The allowed values.</summary>
    public static readonly string[] Known = [Nobody, Administrators, Everyone];

    /// <summary>Whether all users must.</summary>
    public bool ForEveryone { get; } = Is(options, environment, Everyone);

    /// <summary>Whether administrators must.</summary>
    public bool ForAdministrators { get; } = Is(options, environment, Administrators);

    // Secure by default in Production; a quick start elsewhere.
    static bool Is(IOptions<ProviderOptions> options, IHostEnvironment environment, string whom) =>
        string.Equals(
            options.Value.SecondFactor.RequiredFor ?? (environment.IsProduction() ? Administrators : Nobody),
            whom,
            StringComparison.OrdinalIgnoreCase
        );
}
