using System.Text.Json;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Data.Idempotency;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Lightning.Api;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>.</summary>
static class ApiDocument
{
    const string Scheme = "session";

    public static IServiceCollection AddApiDocument(this IServiceCollection services)
    {
        services.Configure<ContentSecurityPolicy>(policy => policy.AllowNothing());
        return services.AddOpenApi(options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddDocumentTransformer((document, context, _) =>
            {
                var authority = context.ApplicationServices.GetRequiredService<IOptions<AccessTokenOptions>>().Value.Authority.TrimEnd('/');
                // Where it is served is the reader's to know, and differs from machine to machine.
                document.Servers?.Clear();
                document.Info = new OpenApiInfo { Title = "Lightning API", Version = "v1", Description = "Each person's own data, and nobody else's." };
                document.Components ??= new OpenApiComponents();
                document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
                document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.OpenIdConnect,
                    OpenIdConnectUrl = new Uri($"{authority}/.well-known/openid-configuration"),
                    Description = "An access token for 'lightning-api' with scope 'lightning', whose session is alive.",
                };
                return Task.CompletedTask;
            });
            options.AddSchemaTransformer((schema, context, _) =>
            {
                if (context.JsonTypeInfo.Type.IsAssignableTo(typeof(ProblemDetails))) DescribeProblem(schema);
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any())
                    operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = ["lightning"] }];
                Complete(operation, context.Description.ActionDescriptor.EndpointMetadata);
                return Task.CompletedTask;
            });
        });
    }

    /// <summary>Problems as they are here: the framework's type leaves everything open.</summary>
    static void DescribeProblem(OpenApiSchema schema)
    {
        var errors = schema.Properties!.TryGetValue("errors", out var byField) ? byField : null;
        schema.Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^/problems/[a-z-]+$", Description = "What went wrong: the address of a page that explains it." },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "400", Maximum = "599" },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["reason"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Which rules do not hold, such as `not-owner-or-editor`; with 403." },
            ["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String },
        };
        schema.Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "traceId" };
        if (errors is not null)
        {
            schema.Properties["errors"] = errors;
            schema.Required.Add("errors");
        }
        schema.AdditionalPropertiesAllowed = false;
        schema.AdditionalProperties = null;
    }

    /// <summary>Adds what endpoints take by their filters and not by their handlers.</summary>
    static void Complete(OpenApiOperation operation, IList<object> metadata)
    {
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            if (parameter.In == ParameterLocation.Query) parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
            // Without it the answer is 428.
            if (parameter.Name == HeaderNames.IfMatch) parameter.Required = true;
        }
        if (metadata.OfType<RequiredRule>().SingleOrDefault() is { OfAnObject: true } && operation.Parameters.All(parameter => parameter.In != ParameterLocation.Path))
            operation.Parameters.Insert(0, new OpenApiParameter
            {
                Name = "id",
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" },
            });
        if (operation.Responses?.ContainsKey("304") is true)
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = HeaderNames.IfNoneMatch,
                In = ParameterLocation.Header,
                Description = "The version that the caller has, as its ETag gave it: where it is still the present one the answer is 304, without it.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        if (metadata.OfType<TakesIdempotencyKey>().Any())
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = IdempotentRequests.Header,
                In = ParameterLocation.Header,
                Description = $"Makes the request safe to repeat: the same key gives the same answer for {KeyedRequest.Lifetime.TotalHours} hours, and nothing is done twice.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = KeyedRequest.KeyLength },
            });
    }
}
