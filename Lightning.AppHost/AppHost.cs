// The app model: what runs, in what order, wired to what. Ports are those of each project's launchSettings.json.
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
builder.AddStartupMonitor();

// `--ports auto`: free ports and temporary data, to run beside another AppHost.
// Tests ask for the same by Aspire's own key.
if (builder.Configuration["ports"] == "auto") builder.Configuration["DcpPublisher:RandomizePorts"] = "true";
var isTemporary = builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts");
// `--replicas 2`: the API and the BFF run twice, each pair behind one address.
var replicas = builder.Configuration.GetValue("replicas", 1);

var database = Database();
var migrate = builder.AddProject<Projects.Lightning_Manage>("migrate")
    .WithArgs("migrate").WithReference(database, "lightning").WaitFor(database);

var mail = builder.AddNpmApp("mail", "Mailbox", "start")
    .WithHttpEndpoint(port: 5105, env: "MAILDEV_WEB_PORT")
    .WithEndpoint(port: 5106, scheme: "smtp", name: "smtp", env: "MAILDEV_SMTP_PORT")
    .WithHttpHealthCheck("/api/healthz")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Mailbox");

var identity = Service<Projects.Lightning_Identity>("identity").WithEnvironment("Smtp__Uri", mail.GetEndpoint("smtp"));
identity.WithEnvironment("Identity__Issuer", identity.GetEndpoint("http"));

var api = Service<Projects.Lightning_Api>("api").WithReplicas(replicas)
    .WithEnvironment("Oidc__Authority", identity.GetEndpoint("http"))
    .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = ($"{url.Url}/docs", "API docs"));
// The page of the API signs in as the public client.
identity.WithEnvironment("Identity__Clients__Public__Origins__1", api.GetEndpoint("http"))
    .WithEnvironment(
        "Identity__Clients__Public__RedirectUris__2",
        ReferenceExpression.Create($"{api.GetEndpoint("http")}/docs/callback.html"));

// Vite's development server is behind the BFF; a published BFF serves the built files itself.
var web = builder.AddNpmApp("web", "../Lightning.Web", "dev")
    .WithHttpEndpoint(port: 5104, env: "PORT").WithHttpHealthCheck("/");
var bff = RelyingParty<Projects.Lightning_Bff>("bff", "Bff").WithReplicas(replicas)
    .WithReference(api).WithReference(web.GetEndpoint("http"))
    .WithUrlForEndpoint("http", url => url.DisplayText = "App");
var admin = RelyingParty<Projects.Lightning_Admin>("admin", "Admin")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Admin");
// An administrator who impersonates a user is sent from one to the other, and back.
admin.WithEnvironment("Acting__App", bff.GetEndpoint("http"));
bff.WithEnvironment("Acting__AdminSite", admin.GetEndpoint("http"));

// samples/pkce-spa is started by hand and may sign in from this address only.
var sample = builder.Configuration["sample"] ?? "http://localhost:5107";
identity.WithEnvironment("Identity__Clients__Public__BaseUri", sample)
    .WithEnvironment("Identity__Clients__Public__Origins__0", sample);
api.WithEnvironment("Api__Origins__0", sample);

builder.Build().Run();

// A server of one's own; a container where asked for and when publishing; else the embedded PostgreSQL.
IResourceBuilder<IResourceWithConnectionString> Database()
{
    if (builder.Configuration.GetConnectionString("lightning") is { Length: > 0 })
        return builder.AddConnectionString("lightning");
    if (builder.ExecutionContext.IsPublishMode || builder.Configuration["postgres"] == "container")
    {
        var container = builder.AddPostgres("postgres", port: isTemporary ? null : 54320);
        return (isTemporary ? container : container.WithDataVolume()).AddDatabase("lightning");
    }
    var embedded = builder.AddEmbeddedPostgres("postgres", port: isTemporary ? null : 54320);
    if (builder.Configuration["data"] is { Length: > 0 } folder) embedded.WithDataFolder(folder);
    else if (!isTemporary) embedded.WithDataVolume();
    return embedded.AddDatabase("lightning");
}

// Every service has its own database role and data-protection key, and starts on migrated tables.
// They do not wait for each other: they meet over HTTP, and each bears that another is away.
IResourceBuilder<ProjectResource> Service<TProject>(string name) where TProject : IProjectMetadata, new()
{
    var password = Secret($"{name}-database-password");
    migrate.WithEnvironment($"DatabaseRoles__lightning_{name}", password);
    // 43 letters and "=": 32 bytes of base64. Services refuse a key that begins with "development" in Production.
    var masterKey = builder.ExecutionContext.IsRunMode
        ? ReferenceExpression.Create($"development{Secret($"{name}-development-key")}=")
        : ReferenceExpression.Create($"{Secret($"{name}-master-key", length: 43)}=");
    var connection = builder.AddConnectionString(
        $"{name}-database", ReferenceExpression.Create($"{database};Username=lightning_{name};Password={password}"));
    return builder.AddProject<TProject>(name)
        .WithReference(connection, "lightning")
        .WithEnvironment("DataProtection__MasterKey", masterKey)
        .WaitForCompletion(migrate)
        .WithHttpHealthCheck("/health/ready");
}

// Signs people in at Identity with a secret that the two share.
IResourceBuilder<ProjectResource> RelyingParty<TProject>(string name, string client)
    where TProject : IProjectMetadata, new()
{
    var secret = Secret($"{name}-client-secret");
    var service = Service<TProject>(name)
        .WithEnvironment("Oidc__Authority", identity.GetEndpoint("http"))
        .WithEnvironment("Oidc__ClientSecret", secret)
        .WithExternalHttpEndpoints();
    identity.WithEnvironment($"Identity__Clients__{client}__Secret", secret)
        .WithEnvironment($"Identity__Clients__{client}__BaseUri", service.GetEndpoint("http"));
    return service;
}

// Generated at the first start and kept in this machine's user secrets.
IResourceBuilder<ParameterResource> Secret(string name, int length = 32) =>
    builder.AddParameter(
        name, new GenerateParameterDefault { MinLength = length, Special = false }, secret: true, persist: true);
