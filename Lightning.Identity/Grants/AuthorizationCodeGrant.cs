using Lightning.Identity.Clients;
using Lightning.Identity.Requests;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>
/// Exchanges a code for tokens: RFC 6749, 4.1.3; OpenID Connect Core 1.0, 3.1.3. <see cref="AuthorizationCodes"/>
/// validates the code.
/// </summary>
sealed class AuthorizationCodeGrant(AuthorizationCodes codes) : ITokenGrant
{
    static readonly RequestCheck<ClientRequest>[] All = [CodeIsPresent];

    // RFC 6749, 4.1.3.
    static ProtocolError? CodeIsPresent(ClientRequest caller) =>
        caller.Parameters["code"] is null ? ProtocolError.InvalidRequest("code is missing.") : null;

    public string Type => GrantTypes.AuthorizationCode;

    public RequestCheck<ClientRequest>[] Checks => All;

    public Task<(Grant? Grant, ProtocolError? Error)> HandleAsync(ClientRequest caller) =>
        codes.RedeemAsync(caller.Client, caller.Parameters, caller.Parameters["code"]!);
}
