// A small application with everything in it that Lightning's has: a database, a job that prepares it, a service, a script.
using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
var settings = builder.Configuration;

IResourceBuilder<IResourceWithConnectionString> database = settings.GetConnectionString("things") is { Length: > 0 }
    ? builder.AddConnectionString("things")
    : Postgres().AddDatabase("things");

var job = builder.AddProject<Projects.SmallService>("job", launchProfileName: null)
    .WithArgs("job", settings["job"] ?? "0").WithReference(database, "things").WaitFor(database);

var secret = builder.AddParameter("small-secret", new GenerateParameterDefault { MinLength = 43, Special = false }, secret: true, persist: true);
var service = builder.AddProject<Projects.SmallService>("service")
    .WithReference(builder.AddConnectionString("small-database", ReferenceExpression.Create($"{database};Application Name=small")))
    .WithEnvironment("SECRET", $"{secret}=")
    .WaitForCompletion(job).WithHttpHealthCheck("/health").WithExternalHttpEndpoints()
    .WithReplicas(settings.GetValue("replicas", 1))
    .WithHttpCommand("/remember?what=it", "Remember", commandName: "remember")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Service");
if (settings.GetValue<int?>("port") is { } port) service.WithEndpoint("http", endpoint => endpoint.Port = port);

builder.AddNodeApp("script", "../Script", "main.mjs").WithHttpEndpoint(env: "PORT").WithReference(service).WaitFor(service);

builder.Build().Run();

IResourceBuilder<PostgresServerResource> Postgres()
{
    var postgres = builder.AddPostgres("postgres");
    return settings["data"] is { Length: > 0 } folder ? postgres.WithDataBindMount(folder) : postgres;
}
