using Lightning.Identity.Requests;
using Lightning.Identity.Web;
using Microsoft.AspNetCore.WebUtilities;

namespace Lightning.Identity.Endpoints;

/// <summary>
/// The response that redirects to the client: RFC 6749, 4.1.2 and 4.1.2.1, with the <c>iss</c> of RFC 9207.
/// </summary>
sealed class AuthorizationResponse(AuthorizationRequest request, string issuer)
{
    public SeeOther Success(string code) => Send(("code", code));

    public SeeOther Error(ProtocolError error) => Send(("error", error.Code), ("error_description", error.Description));

    // 303, so that no browser repeats the posted password to the client (RFC 9700, 4.12).
    SeeOther Send(params (string Name, string? Value)[] parameters)
    {
        (string Name, string? Value)[] all = [.. parameters, ("state", request.State), ("iss", issuer)];
        return new SeeOther(
            QueryHelpers.AddQueryString(
                request.RedirectUri!,
                all.Where(parameter => parameter.Value is not null)
                    .Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))
            )
        );
    }
}
