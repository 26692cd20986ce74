using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Lightning.Api.Access;
using Microsoft.AspNetCore.Http.Json;

namespace Lightning.Api;

/// <summary>
/// Strict JSON binding: unknown, read-only and duplicate properties are rejected with 400, and errors name the field.
/// </summary>
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
        // PostConfigure: after all resolvers have been added.
        services
            .AddOptions<JsonOptions>()
            .PostConfigure<IServiceProvider>(
                (json, provider) =>
                    json.SerializerOptions.TypeInfoResolver =
                        json.SerializerOptions.TypeInfoResolver!.WithAddedModifier(body =>
                            WritableFields.RemoveExcluded(body, provider)
                        )
            );
        // The exception handler adds the error to the response. By default it is thrown in Development only.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddValidation();
        return services;
    }
}
