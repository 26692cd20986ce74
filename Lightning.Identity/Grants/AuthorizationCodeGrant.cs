using Lightning.Identity.Clients;
using Lightning.Identity.Protocol;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>A code for tokens: RFC 6749, 4.1.3; OpenID Connect Core 1.0, 3.1.3. What a code must be stands in <see cref="Codes"/>.</summary>
sealed class AuthorizationCodeGrant(Codes codes) : ITokenGrant
{
    static readonly Check<Caller>[] All =
    [
        CodeIsThere,
    ];

    // RFC 6749, 4.1.3.
    static ProtocolError? CodeIsThere(Caller caller) => caller.Parameters["code"] is null ? ProtocolError.InvalidRequest("code is missing.") : null;

    public string Type => GrantTypes.AuthorizationCode;

    public Check<Caller>[] Checks => All;

    public Task<(Grant? Grant, ProtocolError? Fault)> GiveAsync(Caller caller) => codes.RedeemAsync(caller.Client, caller.Parameters, caller.Parameters["code"]!);
}
