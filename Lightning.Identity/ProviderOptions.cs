using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Clients;
using Lightning.Identity.Upstream;

namespace Lightning.Identity;

/// <summary>The section <c>Identity</c>: who this provider is, and whom it knows. Checked at start.</summary>
sealed record ProviderOptions
{
    /// <summary>The address at which browsers reach this provider; the <c>iss</c> of its tokens.</summary>
    [Required(ErrorMessage = "Identity:Issuer is not set: give the address at which browsers reach this service, such as http://localhost:5101.")]
    public string Issuer { get; init; } = "";

    /// <summary>The registered clients, by a name that stands in configuration only.</summary>
    public IReadOnlyDictionary<string, ClientOptions> Clients { get; init; } = new Dictionary<string, ClientOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The OpenID providers that people may sign in with, by a name that stands in addresses.</summary>
    public IReadOnlyDictionary<string, UpstreamOptions> Upstream { get; init; } = new Dictionary<string, UpstreamOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many forms one network address may post to the account pages each minute.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:FormsPerMinute must lie between 1 and 100000: how many forms one network address may post each minute.")]
    public int FormsPerMinute { get; init; } = 60;

    /// <summary>How often one network address may try one e-mail address each minute, a burst of as many included.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:AttemptsPerMinute must lie between 1 and 100000: how often one network address may try one e-mail address each minute.")]
    public int AttemptsPerMinute { get; init; } = 10;

    /// <summary>How often one network address may call the protocol's endpoints each minute, where no client's secret stands behind the call; a burst of as many included.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Identity:RequestsPerMinute must lie between 1 and 1000000: how often one network address may call the protocol's endpoints each minute.")]
    public int RequestsPerMinute { get; init; } = 1200;

    /// <summary>How often one client that has proved itself may call the protocol's endpoints each minute.</summary>
    [Range(1, 10_000_000, ErrorMessage = "Identity:ClientRequestsPerMinute must lie between 1 and 10000000: how often one client may call the protocol's endpoints each minute.")]
    public int ClientRequestsPerMinute { get; init; } = 120_000;
}
