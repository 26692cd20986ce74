using System.Text.Json;
using Lightning.Api.Access;
using Lightning.Api.Idempotency;
using Lightning.Data.Idempotency;
using Lightning.ServiceDefaults;
using Lightning.Sessions.Bearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Lightning.Api;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>.</summary>
static class ApiDocument
{
    const string SecurityScheme = "session";

    public static IServiceCollection AddApiDocument(this IServiceCollection services)
    {
        services.Configure<ContentSecurityPolicy>(policy => policy.AllowNothing());
        return services.AddOpenApi(options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddDocumentTransformer(
                (document, context, _) =>
                {
                    var authority = context
                        .ApplicationServices.GetRequiredService<IOptions<AccessTokenOptions>>()
                        .Value.Authority.TrimEnd('/');
                    // The URL differs between environments, and the document is committed.
                    document.Servers?.Clear();
                    document.Info = new OpenApiInfo
                    {
                        Title = "Lightning API",
                        Version = "v1",
                        Description = "Manage notes, share them with other users, and read your user account.",
                    };
                    document.Components ??= new OpenApiComponents();
                    document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
                    document.Components.SecuritySchemes[SecurityScheme] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.OpenIdConnect,
                        OpenIdConnectUrl = new Uri($"{authority}/.well-known/openid-configuration"),
                        Description =
                            "An access token with audience 'lightning-api' and scope 'lightning' of an active session.",
                    };
                    return Task.CompletedTask;
                }
            );
            options.AddSchemaTransformer(
                (schema, context, _) =>
                {
                    if (context.JsonTypeInfo.Type.IsAssignableTo(typeof(ProblemDetails)))
                        DescribeProblem(schema);
                    if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type).IsEnum)
                        DescribeEnum(schema);
                    return Task.CompletedTask;
                }
            );
            options.AddOperationTransformer(
                (operation, context, _) =>
                {
                    if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any())
                        operation.Security =
                        [
                            new OpenApiSecurityRequirement
                            {
                                [new OpenApiSecuritySchemeReference(SecurityScheme, context.Document)] = ["lightning"],
                            },
                        ];
                    AddFilterParameters(operation, context.Description.ActionDescriptor.EndpointMetadata);
                    return Task.CompletedTask;
                }
            );
        });
    }

    /// <summary>
    /// An enum is a string. The framework adds null to its values if a property with it is nullable, which says so
    /// itself.
    /// </summary>
    static void DescribeEnum(OpenApiSchema schema)
    {
        schema.Type = JsonSchemaType.String;
        schema.Enum = [.. schema.Enum!.Where(value => value is not null)];
    }

    /// <summary>Describes the members of problem details: the schema of the framework allows anything.</summary>
    static void DescribeProblem(OpenApiSchema schema)
    {
        var errors = schema.Properties!.TryGetValue("errors", out var schemaOfErrors) ? schemaOfErrors : null;
        schema.Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Pattern = "^/problems/[a-z-]+$",
                Description = "The problem type: the path of a page that explains it.",
            },
            ["title"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "A short summary of the problem type.",
            },
            ["status"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Integer,
                Minimum = "400",
                Maximum = "599",
                Description = "The HTTP status code.",
            },
            ["detail"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "What went wrong in this request.",
            },
            ["reason"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "The rules that failed, such as `not-owner-or-editor`. Only with status 403.",
            },
            ["traceId"] = new OpenApiSchema
            {
                Type = JsonSchemaType.String,
                Description = "The id of the request's trace. Include it when you report an error.",
            },
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

    /// <summary>Adds the parameters that filters read, which the framework does not know.</summary>
    static void AddFilterParameters(OpenApiOperation operation, IList<object> metadata)
    {
        operation.Parameters ??= [];
        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            if (parameter.In == ParameterLocation.Query)
                parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
            // Without it the response is 428.
            if (parameter.Name == HeaderNames.IfMatch)
                parameter.Required = true;
        }
        if (
            metadata.OfType<RequiredRule>().SingleOrDefault() is { HasTarget: true }
            && operation.Parameters.All(parameter => parameter.In != ParameterLocation.Path)
        )
            operation.Parameters.Insert(
                0,
                new OpenApiParameter
                {
                    Name = "id",
                    In = ParameterLocation.Path,
                    Required = true,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uuid" },
                }
            );
        if (operation.Responses?.ContainsKey("304") is true)
            operation.Parameters.Add(
                new OpenApiParameter
                {
                    Name = HeaderNames.IfNoneMatch,
                    In = ParameterLocation.Header,
                    Description =
                        "The ETag of the version that you have. If it is still current, the response is 304 without "
                        + "a body.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                }
            );
        if (metadata.OfType<AcceptsIdempotencyKey>().Any())
            operation.Parameters.Add(
                new OpenApiParameter
                {
                    Name = IdempotencyKeys.Header,
                    In = ParameterLocation.Header,
                    Description =
                        "Makes the request safe to retry: requests with the same key are executed once and get the "
                        + $"same response for {KeyedRequest.Lifetime.TotalHours} hours.",
                    Schema = new OpenApiSchema
                    {
                        Type = JsonSchemaType.String,
                        MinLength = 1,
                        MaxLength = KeyedRequest.KeyLength,
                    },
                }
            );
    }
}
