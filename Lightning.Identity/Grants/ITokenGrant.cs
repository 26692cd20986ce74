using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>
/// A grant type of the token endpoint (RFC 6749, 1.3 and 4.5). The endpoint has already authenticated the client and
/// checked that it may use the grant type.
/// </summary>
interface ITokenGrant
{
    /// <summary>The value of <c>grant_type</c>; one of <see cref="Clients.GrantTypes.All"/>.</summary>
    string Type { get; }

    /// <summary>The checks that a request of this grant type must pass.</summary>
    RequestCheck<ClientRequest>[] Checks { get; }

    /// <summary>
    /// Issues the grant or returns an error. Not cancelled with the request, so that a code or token is never used
    /// without a response.
    /// </summary>
    Task<(Grant? Grant, ProtocolError? Error)> HandleAsync(ClientRequest caller);
}
