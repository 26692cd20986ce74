using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
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
            options.AddOperationTransformer((operation, context, _) =>
            {
                if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Any())
                    operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = ["lightning"] }];
                return Task.CompletedTask;
            });
        });
    }
}
