using System.ComponentModel.DataAnnotations;
using Lightning.Identity.Clients;
using Lightning.Identity.Upstream;

namespace Lightning.Identity;

/// <summary>The configuration section <c>Identity</c>, validated at startup.</summary>
sealed record ProviderOptions
{
    /// <summary>The URL at which browsers reach this provider, and the <c>iss</c> of its tokens.</summary>
    [Required(
        ErrorMessage = "Identity:Issuer is not set: set it to the URL at which browsers reach this service, such as "
            + "http://localhost:5101."
    )]
    public string Issuer { get; init; } = "";

    /// <summary>The registered clients, by a name that is used in configuration only.</summary>
    public IReadOnlyDictionary<string, ClientOptions> Clients { get; init; } =
        new Dictionary<string, ClientOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The upstream providers, by a name that is used in URLs.</summary>
    public IReadOnlyDictionary<string, UpstreamOptions> Upstream { get; init; } =
        new Dictionary<string, UpstreamOptions>(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many forms a network may post to the account pages each minute. 1 to 100,000; default 60.</summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:FormsPerMinute must be between 1 and 100000: how many forms one network address "
            + "may post each minute."
    )]
    public int FormsPerMinute { get; init; } = 60;

    /// <summary>
    /// How many attempts a network may make for one email address each minute, including bursts. 1 to 100,000; default
    /// 10.
    /// </summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:AttemptsPerMinute must be between 1 and 100000: how often one network address may "
            + "try one email address each minute."
    )]
    public int AttemptsPerMinute { get; init; } = 10;

    /// <summary>
    /// How many requests a network may send to the protocol endpoints each minute without client authentication,
    /// including bursts. 1 to 1,000,000; default 1200.
    /// </summary>
    [Range(
        1,
        1_000_000,
        ErrorMessage = "Identity:RequestsPerMinute must be between 1 and 1000000: how often one network address may "
            + "call the protocol's endpoints each minute."
    )]
    public int RequestsPerMinute { get; init; } = 1200;

    /// <summary>
    /// How many requests an authenticated client may send to the protocol endpoints each minute. 1 to 10,000,000;
    /// default 120,000.
    /// </summary>
    [Range(
        1,
        10_000_000,
        ErrorMessage = "Identity:ClientRequestsPerMinute must be between 1 and 10000000: how often one client may "
            + "call the protocol's endpoints each minute."
    )]
    public int ClientRequestsPerMinute { get; init; } = 120_000;

    /// <summary>
    /// How many password attempts all networks together may make for one email address each hour. A browser that has
    /// signed in to the account has its own limit. 1 to 100,000; default 100.
    /// </summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:AttemptsPerHour must be between 1 and 100000: how often all networks together may "
            + "try the password of one email address each hour."
    )]
    public int AttemptsPerHour { get; init; } = 100;

    /// <summary>How many authenticator codes may be tried for an account each hour. 1 to 100,000; default 12.</summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:CodesPerHour must be between 1 and 100000: how often a code of an account's "
            + "authenticator app may be tried each hour."
    )]
    public int CodesPerHour { get; init; } = 12;

    /// <summary>How many mails anyone may request for one email address each hour. 1 to 100,000; default 6.</summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:MailsPerHour must be between 1 and 100000: how many mails anyone may request for "
            + "one email address each hour."
    )]
    public int MailsPerHour { get; init; } = 6;

    /// <summary>
    /// How many passwords of one network may wait to be hashed, of 64 in total. 1 to 100,000; default 16.
    /// </summary>
    [Range(
        1,
        100_000,
        ErrorMessage = "Identity:HashesPerNetwork must be between 1 and 100000: how many passwords of one network "
            + "may wait to be hashed at once."
    )]
    public int HashesPerNetwork { get; init; } = 16;

    /// <summary>
    /// How many passwords are hashed in parallel; each uses a processor. 0 to 1024; the default 0 means half of the
    /// processors.
    /// </summary>
    [Range(
        0,
        1024,
        ErrorMessage = "Identity:HashesAtOnce must be between 0 and 1024: remove the key for half of the processors."
    )]
    public int HashesAtOnce { get; init; }

    /// <summary>Who must sign in with a second factor.</summary>
    public SecondFactorOptions SecondFactor { get; init; } = new();
}

/// <summary>The section <c>Identity:SecondFactor</c>.</summary>
sealed record SecondFactorOptions
{
    /// <summary>
    /// <c>Nobody</c>, <c>Administrators</c> or <c>Everyone</c>; null means Administrators in Production and Nobody
    /// elsewhere.
    /// </summary>
    public string? RequiredFor { get; init; }
}
