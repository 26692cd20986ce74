using Lightning.Sessions.Cookies.Provider;
using Microsoft.Extensions.Options;

namespace Lightning.Bff;

/// <summary>
/// The address at which password managers find the page to change a password (W3C, A Well-Known URL for Changing
/// Passwords). Users have their password at the provider.
/// </summary>
static class ChangePassword
{
    const string Path = "/.well-known/change-password";

    public static void MapChangePassword(this IEndpointRouteBuilder app) =>
        app.MapGet(
                Path,
                (IOptions<RelyingPartyOptions> provider) =>
                    TypedResults.Redirect(new Uri(new Uri(provider.Value.Authority), Path).ToString())
            )
            .WithName("ChangePassword")
            .WithSummary("Redirects to the provider's page to change the password.")
            .AllowAnonymous();
}
