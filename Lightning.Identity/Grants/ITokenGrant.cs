using Lightning.Identity.Protocol;
using Lightning.Identity.Tokens;

namespace Lightning.Identity.Grants;

/// <summary>One way to get tokens (RFC 6749, 1.3 and 4.5). The token endpoint picks it by its name, once the client has proved itself and may use it.</summary>
interface ITokenGrant
{
    /// <summary>The value of <c>grant_type</c>; one of <see cref="Clients.GrantTypes.All"/>.</summary>
    string Type { get; }

    /// <summary>What the request itself must be.</summary>
    Check<Caller>[] Checks { get; }

    /// <summary>What is granted, or why nothing is. Not cancelled with the request: what is half used up would be lost.</summary>
    Task<(Grant? Grant, ProtocolError? Fault)> GiveAsync(Caller caller);
}
