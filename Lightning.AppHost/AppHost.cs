// The app model: what runs, in what order, wired to what. Ports are those of each project's launchSettings.json.
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);

// Two AppHosts side by side: `--ports auto` takes free ports, and a database of its own that goes when it stops, or stays with `--data FOLDER`.
var aside = builder.Configuration["ports"] == "auto";
if (aside) builder.Configuration["DcpPublisher:RandomizePorts"] = "true";
// `--replicas 2` runs the API and the BFF twice, each pair behind its one address.
var replicas = builder.Configuration.GetValue("replicas", 1);

// Where a published Lightning runs: Docker Compose, or with `--target kubernetes` a cluster.
if (builder.ExecutionContext.IsPublishMode)
{
    if (builder.Configuration["target"] == "kubernetes") builder.AddKubernetesEnvironment("cluster");
    else builder.AddDockerComposeEnvironment("compose");
}

// Postgres: one of our own, or the server that ConnectionStrings:lightning names.
IResourceBuilder<IResourceWithConnectionString> database = builder.Configuration.GetConnectionString("lightning") is { Length: > 0 }
    ? builder.AddConnectionString("lightning")
    : Postgres(builder.Configuration["data"]).AddDatabase("lightning");
var migrate = builder.AddProject<Projects.Lightning_Manage>("migrate").WithArgs("migrate").WithReference(database, "lightning").WaitFor(database);

var mail = builder.AddJavaScriptApp("mail", "Mailbox", "start")
    .WithHttpEndpoint(port: 5105, env: "MAILDEV_WEB_PORT")
    .WithEndpoint(port: 5106, scheme: "smtp", name: "smtp", env: "MAILDEV_SMTP_PORT")
    .WithHttpHealthCheck("/api/healthz").WithUrlForEndpoint("http", url => url.DisplayText = "Mailbox");

var identity = Service<Projects.Lightning_Identity>("identity").WithEnvironment("Smtp__Uri", mail.GetEndpoint("smtp"));
identity.WithEnvironment("Identity__Issuer", identity.GetEndpoint("http"));

var api = Service<Projects.Lightning_Api>("api").WithReplicas(replicas)
    .WithEnvironment("Oidc__Authority", identity.GetEndpoint("http"))
    .WithUrlForEndpoint("http", url => (url.Url, url.DisplayText) = ($"{url.Url}/docs", "API docs"));
// Its page signs in as the public client, by scripts of its own origin.
identity.WithEnvironment("Identity__Clients__Public__Origins__1", api.GetEndpoint("http"))
    .WithEnvironment("Identity__Clients__Public__RedirectUris__2", ReferenceExpression.Create($"{api.GetEndpoint("http")}/docs/oauth2-redirect.html"));

// Vite's dev server stands behind the BFF; a published BFF serves the built files itself.
var web = builder.AddViteApp("web", "../Lightning.Web").WithEndpoint("http", endpoint => endpoint.Port = 5104).WithHttpHealthCheck("/");
var bff = RelyingParty<Projects.Lightning_Bff>("bff", "Bff").WithReplicas(replicas).WithReference(api).WithReference(web)
    .WithUrlForEndpoint("http", url => url.DisplayText = "App")
    .PublishWithContainerFiles(web, "wwwroot");
var admin = RelyingParty<Projects.Lightning_Admin>("admin", "Admin")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Admin");
// An administrator who acts as somebody goes from the one to the other, and back.
admin.WithEnvironment("Acting__App", bff.GetEndpoint("http"));
bff.WithEnvironment("Acting__AdminSite", admin.GetEndpoint("http"));

// The sample that runs PKCE itself is started by hand, in samples/pkce-spa, and is let in from this address only.
var sample = builder.Configuration["sample"] ?? "http://localhost:5107";
identity.WithEnvironment("Identity__Clients__Public__BaseUri", sample).WithEnvironment("Identity__Clients__Public__Origins__0", sample);
api.WithEnvironment("Api__Origins__0", sample);

builder.Build().Run();

IResourceBuilder<PostgresServerResource> Postgres(string? folder)
{
    if (folder is { Length: > 0 }) return builder.AddPostgres("postgres").WithDataBindMount(folder);
    return aside ? builder.AddPostgres("postgres") : builder.AddPostgres("postgres", port: 54320).WithDataVolume();
}

// Every service has a database role and a data-protection master key of its own, and starts on migrated tables. None waits for another:
// they meet over HTTP when somebody asks, and each bears that another is away.
IResourceBuilder<ProjectResource> Service<TProject>(string name) where TProject : IProjectMetadata, new()
{
    var password = Secret($"{name}-database-password");
    migrate.WithEnvironment($"DatabaseRoles__lightning_{name}", password);
    // 43 letters and "=": 32 bytes of base64. The first eleven say that the key was made here; no service takes it in Production.
    var masterKey = builder.ExecutionContext.IsRunMode
        ? ReferenceExpression.Create($"development{Secret($"{name}-development-key")}=")
        : ReferenceExpression.Create($"{Secret($"{name}-master-key", length: 43)}=");
    var connection = builder.AddConnectionString($"{name}-database", ReferenceExpression.Create($"{database};Username=lightning_{name};Password={password}"));
    return builder.AddProject<TProject>(name)
        .WithReference(connection, "lightning")
        .WithEnvironment("DataProtection__MasterKey", masterKey)
        .WaitForCompletion(migrate)
        .WithHttpHealthCheck("/health/ready");
}

// Signs people in at Identity with a secret that the two share.
IResourceBuilder<ProjectResource> RelyingParty<TProject>(string name, string client) where TProject : IProjectMetadata, new()
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
    builder.AddParameter(name, new GenerateParameterDefault { MinLength = length, Special = false }, secret: true, persist: true);
