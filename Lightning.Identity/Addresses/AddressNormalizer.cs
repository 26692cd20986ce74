using System.Diagnostics.CodeAnalysis;
using Lightning.ServiceDefaults;
using Microsoft.AspNetCore.Identity;

namespace Lightning.Identity.Addresses;

/// <summary>Normalizes email addresses, which are the user names too, so that one mailbox has one account.</summary>
sealed class AddressNormalizer : ILookupNormalizer
{
    [return: NotNullIfNotNull(nameof(email))]
    public string? NormalizeEmail(string? email) => EmailAddress.Normalize(email)?.ToUpperInvariant();

    [return: NotNullIfNotNull(nameof(name))]
    public string? NormalizeName(string? name) => NormalizeEmail(name);

    /// <summary>
    /// The keys of a typed address: the normalized one first, then the one of an account whose international domain
    /// was stored as it was typed.
    /// </summary>
    public static string[] Keys(ILookupNormalizer normalizer, string typed) =>
        [normalizer.NormalizeEmail(typed)!, typed.Trim().ToUpperInvariant()];
}
