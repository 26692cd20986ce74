using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Lightning.Api.Access;
using Microsoft.AspNetCore.Http.Json;

namespace Lightning.Api;

/// <summary>JSON that says no more than was asked: unknown members, those that no policy lets anybody write, and ones that stand twice are refused, and every fault is named by its field.</summary>
static class StrictJson
{
    public static IServiceCollection AddStrictJson(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.SerializerOptions.AllowDuplicateProperties = false;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.RespectRequiredConstructorParameters = true;
        });
        // After all others have said what types there are.
        services.AddOptions<JsonOptions>().PostConfigure<IServiceProvider>((json, provider) =>
            json.SerializerOptions.TypeInfoResolver = json.SerializerOptions.TypeInfoResolver!.WithAddedModifier(body => WrittenFields.Narrow(body, provider)));
        // Thrown in every environment, so that the answer says what was wrong.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddValidation();
        return services;
    }
}
