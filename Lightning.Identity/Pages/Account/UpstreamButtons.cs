namespace Lightning.Identity.Pages.Account;

/// <summary>The buttons for the upstream providers.</summary>
/// <param name="ReturnUrl">Where to continue after signing in.</param>
/// <param name="Link">Whether to add the provider to the signed-in account instead of signing in.</param>
sealed record UpstreamButtons(string? ReturnUrl, bool Link);

/// <summary>What to ask a user who returned from an upstream provider.</summary>
enum UpstreamQuestion
{
    /// <summary>To verify an email address.</summary>
    Address,

    /// <summary>To sign in to the existing account with this address.</summary>
    SignInFirst,

    /// <summary>Whether to link the provider.</summary>
    Link,
}
