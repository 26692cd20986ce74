using Lightning.ServiceDefaults;
using Lightning.Sessions.Gate;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Lightning.Api;

/// <summary>The OpenAPI 3.1 document at <c>/openapi/v1.json</c>, and a page at <c>/docs</c> that shows it in Development.</summary>
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

    public static WebApplication UseApiDocs(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment()) return app;
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs", StringComparison.Ordinal), docs =>
        {
            docs.Use((context, next) =>
            {
                // Swagger UI brings scripts and styles inline; it is shown in Development only.
                context.Response.Headers.ContentSecurityPolicy =
                    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
                return next(context);
            });
            docs.UseSwaggerUI(page =>
            {
                page.RoutePrefix = "docs";
                page.DocumentTitle = "Lightning API";
                page.SwaggerEndpoint("/openapi/v1.json", "v1");
            });
        });
        return app;
    }
}
