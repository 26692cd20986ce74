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

    /// <summary>How often all networks together may try the password of one e-mail address each hour; a browser in which its account was signed in to counts for itself.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:AttemptsPerHour must lie between 1 and 100000: how often all networks together may try the password of one e-mail address each hour.")]
    public int AttemptsPerHour { get; init; } = 100;

    /// <summary>How often a code of an account's authenticator app may be tried each hour.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:CodesPerHour must lie between 1 and 100000: how often a code of an account's authenticator app may be tried each hour.")]
    public int CodesPerHour { get; init; } = 12;

    /// <summary>How many mails anybody may have sent to one e-mail address each hour.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:MailsPerHour must lie between 1 and 100000: how many mails anybody may have sent to one e-mail address each hour.")]
    public int MailsPerHour { get; init; } = 6;

    /// <summary>How many passwords of one network may wait to be hashed at once, of 64 in all.</summary>
    [Range(1, 100_000, ErrorMessage = "Identity:HashesPerNetwork must lie between 1 and 100000: how many passwords of one network may wait to be hashed at once.")]
    public int HashesPerNetwork { get; init; } = 16;

    /// <summary>How many passwords are hashed at the same time; 0 stands for half of the processors. Every one takes a processor for as long as hashing is meant to take.</summary>
    [Range(0, 1024, ErrorMessage = "Identity:HashesAtOnce must lie between 0 and 1024: leave it out for half of the processors.")]
    public int HashesAtOnce { get; init; }

    /// <summary>Who must sign in with a second factor.</summary>
    public SecondFactorOptions SecondFactor { get; init; } = new();
}

/// <summary>The section <c>Identity:SecondFactor</c>.</summary>
sealed record SecondFactorOptions
{
    /// <summary>Who must sign in with a second factor: <c>Nobody</c>, <c>Administrators</c> or <c>Everyone</c>. Where it is not set: administrators in Production, nobody elsewhere.</summary>
    public string? RequiredFor { get; init; }
}
