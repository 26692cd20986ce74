// The app model. Project ports are defined in each project's launchSettings.json.
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
builder.AddStartupMonitor();

// `--ports auto`: free ports and temporary data, to run beside another AppHost.
// Tests set the same Aspire key directly.
if (builder.Configuration["ports"] == "auto")
    builder.Configuration["DcpPublisher:RandomizePorts"] = "true";
var isTemporary = builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts");

// `--replicas 2`: the API and the BFF run twice, each pair behind one address.
var replicas = builder.Configuration.GetValue("replicas", 1);

var database = builder.AddDatabase(isTemporary);
var migrate = builder
    .AddProject<Projects.Lightning_Manage>("migrate")
    .WithArgs("migrate")
    .WithReference(database, "lightning")
    .WaitFor(database);

var mail = builder
    .AddNpmApp("mail", "Mailbox", "start")
    .WithHttpEndpoint(port: 5105, env: "MAILDEV_WEB_PORT")
    .WithEndpoint(port: 5106, scheme: "smtp", name: "smtp", env: "MAILDEV_SMTP_PORT")
    .WithHttpHealthCheck("/api/healthz")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Mailbox");

var identity = Service<Projects.Lightning_Identity>("identity").WithEnvironment("Smtp__Uri", mail.GetEndpoint("smtp"));
identity.WithEnvironment("Identity__Issuer", identity.GetEndpoint("http"));

var api = Service<Projects.Lightning_Api>("api")
    .WithReplicas(replicas)
    .WithEnvironment("Oidc__Authority", identity.GetEndpoint("http"))
    .WithUrlForEndpoint(
        "http",
        url =>
        {
            url.Url = $"{url.Url}/docs";
            url.DisplayText = "API docs";
        }
    );

// The API reference signs in with the public client.
identity
    .WithEnvironment("Identity__Clients__Public__Origins__1", api.GetEndpoint("http"))
    .WithEnvironment(
        "Identity__Clients__Public__RedirectUris__2",
        ReferenceExpression.Create($"{api.GetEndpoint("http")}/docs/callback.html")
    );

var admin = RelyingParty<Projects.Lightning_Admin>("admin", "Admin")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Admin");

// The BFF proxies Vite's development server; a published BFF serves the built files.
var web = builder
    .AddNpmApp("web", "../Lightning.Web", "dev")
    .WithHttpEndpoint(port: 5104, env: "PORT")
    .WithHttpHealthCheck("/");
var bff = RelyingParty<Projects.Lightning_Bff>("bff", "Bff")
    .WithReplicas(replicas)
    .WithReference(api)
    .WithReference(web.GetEndpoint("http"))
    .WithUrlForEndpoint("http", url => url.DisplayText = "App");

// Impersonation redirects from the admin site to the app and back.
admin.WithEnvironment("Acting__App", bff.GetEndpoint("http"));
bff.WithEnvironment("Acting__AdminSite", admin.GetEndpoint("http"));

// The origin of samples/pkce-spa, which is started manually.
var sample = builder.Configuration["sample"] ?? "http://localhost:5107";
identity
    .WithEnvironment("Identity__Clients__Public__BaseUri", sample)
    .WithEnvironment("Identity__Clients__Public__Origins__0", sample);
api.WithEnvironment("Api__Origins__0", sample);

builder.Build().Run();

// Each service has its own database role and data protection key, and starts after the migration.
// Services do not wait for each other: each tolerates that another is unavailable.
IResourceBuilder<ProjectResource> Service<TProject>(string name)
    where TProject : IProjectMetadata, new()
{
    var password = builder.AddSecret($"{name}-database-password");
    migrate.WithEnvironment($"DatabaseRoles__lightning_{name}", password);
    // 43 characters and "=": 32 bytes of Base64. Services reject a key with the prefix "development" in Production.
    var masterKey = builder.ExecutionContext.IsRunMode
        ? ReferenceExpression.Create($"development{builder.AddSecret($"{name}-development-key")}=")
        : ReferenceExpression.Create($"{builder.AddSecret($"{name}-master-key", length: 43)}=");
    var connection = builder.AddConnectionString(
        $"{name}-database",
        ReferenceExpression.Create($"{database};Username=lightning_{name};Password={password}")
    );
    return builder
        .AddProject<TProject>(name)
        .WithReference(connection, "lightning")
        .WithEnvironment("DataProtection__MasterKey", masterKey)
        .WaitForCompletion(migrate)
        .WithHttpHealthCheck("/health/ready");
}

// A service that signs users in at Identity, with a client secret.
IResourceBuilder<ProjectResource> RelyingParty<TProject>(string name, string client)
    where TProject : IProjectMetadata, new()
{
    var secret = builder.AddSecret($"{name}-client-secret");
    var service = Service<TProject>(name)
        .WithEnvironment("Oidc__Authority", identity.GetEndpoint("http"))
        .WithEnvironment("Oidc__ClientSecret", secret)
        .WithExternalHttpEndpoints();
    identity
        .WithEnvironment($"Identity__Clients__{client}__Secret", secret)
        .WithEnvironment($"Identity__Clients__{client}__BaseUri", service.GetEndpoint("http"));
    return service;
}
