using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>
/// The client credentials grant: RFC 6749, 4.4. Its tokens have no session and no user, and an API accepts them only
/// where it says so.
/// </summary>
sealed class ClientCredentialsGrant : ITokenGrant
{
    static readonly RequestCheck<ClientRequest>[] All = [ClientIsConfidential, ScopeIsAllowed, ScopeIsForResources];

    // RFC 6749, 4.4.2.
    static ProtocolError? ClientIsConfidential(ClientRequest caller) =>
        caller.Client.IsPublic
            ? ProtocolError.UnauthorizedClient("A public client may not use client credentials.")
            : null;

    // RFC 6749, 3.3.
    static ProtocolError? ScopeIsAllowed(ClientRequest caller) =>
        Scope(caller) is { Length: > 0 } scope && scope.All(caller.Client.Scopes.Contains)
            ? null
            : ProtocolError.InvalidScope("scope contains a scope that this client may not request.");

    // OpenID Connect Core 1.0, 5.4 and 11: the other scopes need a user.
    static ProtocolError? ScopeIsForResources(ClientRequest caller) =>
        Scope(caller).All(Scopes.OfResources.Contains)
            ? null
            : ProtocolError.InvalidScope(
                $"scope may contain only {string.Join(' ', Scopes.OfResources)}, because there is no user."
            );

    static string[] Scope(ClientRequest caller) =>
        caller.Parameters["scope"]?.Split(' ') ?? [.. Scopes.OfResources.Where(caller.Client.Scopes.Contains)];

    public string Type => GrantTypes.ClientCredentials;

    public RequestCheck<ClientRequest>[] Checks => All;

    // RFC 6749, 4.4.3: no refresh token.
    public Task<(Grant? Grant, ProtocolError? Error)> HandleAsync(ClientRequest caller) =>
        Task.FromResult<(Grant?, ProtocolError?)>(
            (new Grant(string.Join(' ', Scope(caller)), Session: null, Id: null), null)
        );
}
