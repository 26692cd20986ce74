using Lightning.Authorization;
using Microsoft.AspNetCore.Http;

namespace Lightning.Data;

/// <summary>The actor that authentication has set on the request.</summary>
sealed class HttpActorAccessor(IHttpContextAccessor requests) : IActorAccessor
{
    public Actor? Actor => requests.HttpContext?.Features.Get<Actor>();
}
