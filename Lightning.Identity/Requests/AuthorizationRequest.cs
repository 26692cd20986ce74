using Lightning.Identity.Clients;

namespace Lightning.Identity.Requests;

/// <summary>An authorization request, from the browser or pushed by the client (RFC 9126).</summary>
/// <param name="Parameters">The request's parameters.</param>
/// <param name="Client">The client of <c>client_id</c>; null if it is not registered.</param>
/// <param name="StartedAt">
/// When the request was first received (UTC). A sign-in after this time was made for this request.
/// </param>
sealed record AuthorizationRequest(Parameters Parameters, Client? Client, DateTimeOffset StartedAt)
{
    /// <summary>
    /// SHA-256 of the code with which an administrator starts an impersonation; null if there is none. Only a pushed
    /// request has one.
    /// </summary>
    public byte[]? ImpersonationTicketHash { get; init; }

    public string? RedirectUri => Parameters["redirect_uri"];

    public string? State => Parameters["state"];

    public string? CodeChallenge => Parameters["code_challenge"];

    public string? LoginHint => Parameters["login_hint"];

    public string[] Scope => Parameters["scope"]?.Split(' ') ?? [];

    public string[] Prompt => Parameters["prompt"]?.Split(' ') ?? [];

    public string? MaxAge => Parameters["max_age"];
}
