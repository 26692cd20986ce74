using System.Security.Cryptography;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

[assembly: AssemblyFixture(typeof(PostgresServer))]
[assembly: AssemblyFixture(typeof(Lightning.Interoperability.NodePackages))]

namespace Lightning.Interoperability;

/// <summary>
/// A Lightning service on a local port, built by its own <c>Program</c> and with its own database role.
/// </summary>
sealed class Service<TProgram> : WebApplicationFactory<TProgram>
    where TProgram : class
{
    readonly (string Key, string Value)[] settings;
    readonly Action<IServiceCollection> configure;

    public Service(
        string name,
        int port,
        TestDatabase database,
        Action<IServiceCollection>? configure = null,
        params (string Key, string Value)[] settings
    )
    {
        this.settings =
        [
            ("ConnectionStrings:lightning", database.ConnectionStringOf(name)),
            ("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
            .. settings,
        ];
        this.configure = configure ?? (_ => { });
        // Not UseKestrel(port): with that the factory sometimes sets the addresses after the server has started.
        UseKestrel(kestrel => kestrel.ListenLocalhost(port));
        StartServer();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in settings)
            builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders());
        builder.ConfigureTestServices(configure);
    }
}
