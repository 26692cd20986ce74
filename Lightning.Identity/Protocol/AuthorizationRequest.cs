using Lightning.Identity.Clients;

namespace Lightning.Identity.Protocol;

/// <summary>An authorization request, whether it came by the browser or was pushed.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Client">The client it names, if there is one.</param>
/// <param name="StartedAt">When it first arrived: whoever signs in after that has signed in for it.</param>
sealed record AuthorizationRequest(Parameters Parameters, Client? Client, DateTimeOffset StartedAt)
{
    /// <summary>SHA-256 of the hand-over by which an administrator begins to act as somebody; only a pushed request has one.</summary>
    public byte[]? Handover { get; init; }

    public string? RedirectUri => Parameters["redirect_uri"];

    public string? State => Parameters["state"];

    public string? CodeChallenge => Parameters["code_challenge"];

    public string? LoginHint => Parameters["login_hint"];

    public string[] Scope => Parameters["scope"]?.Split(' ') ?? [];

    public string[] Prompt => Parameters["prompt"]?.Split(' ') ?? [];

    public string? MaxAge => Parameters["max_age"];
}
