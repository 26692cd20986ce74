using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>A service acts for itself: RFC 6749, 4.4. Its tokens have no session and no person, and an API takes them only where it says so.</summary>
sealed class ClientCredentialsGrant : ITokenGrant
{
    static readonly Check<Caller>[] All =
    [
        ClientIsConfidential,
        ScopeIsTheClients,
        ScopeIsNobodysOwn,
    ];

    // RFC 6749, 4.4.2.
    static ProtocolError? ClientIsConfidential(Caller caller) =>
        caller.Client.IsPublic ? ProtocolError.UnauthorizedClient("A public client has no credentials of its own.") : null;

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsTheClients(Caller caller) =>
        Scope(caller) is { Length: > 0 } scope && scope.All(caller.Client.Scopes.Contains) ? null : ProtocolError.InvalidScope("scope holds what this client may not ask for.");

    // OpenID Connect Core 1.0, 5.4 and 11: those open a person's claims, or outlive their presence.
    static ProtocolError? ScopeIsNobodysOwn(Caller caller) =>
        Scope(caller).All(Scopes.OfResources.Contains) ? null : ProtocolError.InvalidScope($"scope may hold nothing but {string.Join(' ', Scopes.OfResources)}: there is no person here.");

    static string[] Scope(Caller caller) =>
        caller.Parameters["scope"]?.Split(' ') ?? [.. Scopes.OfResources.Where(caller.Client.Scopes.Contains)];

    public string Type => GrantTypes.ClientCredentials;

    public Check<Caller>[] Checks => All;

    // RFC 6749, 4.4.3: no refresh token.
    public Task<(Grant? Grant, ProtocolError? Fault)> GiveAsync(Caller caller) =>
        Task.FromResult<(Grant?, ProtocolError?)>((new Grant(string.Join(' ', Scope(caller)), Session: null, Id: null), null));
}
