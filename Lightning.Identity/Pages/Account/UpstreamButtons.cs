namespace Lightning.Identity.Pages.Account;

/// <summary>A button for each upstream provider.</summary>
/// <param name="ReturnUrl">Where the person was heading.</param>
/// <param name="Link">Whether to add it to the account that is signed in; otherwise to sign in by it.</param>
sealed record UpstreamButtons(string? ReturnUrl, bool Link);

/// <summary>What a person is asked who came back from an upstream provider.</summary>
enum UpstreamQuestion
{
    /// <summary>An address to prove.</summary>
    Address,

    /// <summary>To sign in to the account that has the address.</summary>
    SignInFirst,

    /// <summary>Whether to link the two.</summary>
    Link,
}
