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

/// <summary>One of Lightning's services on a port of this machine, as its own <c>Program</c> builds it and with its own database role.</summary>
sealed class Service<TProgram> : WebApplicationFactory<TProgram>
    where TProgram : class
{
    readonly (string Key, string Value)[] settings;
    readonly Action<IServiceCollection> configure;

    public Service(string name, int port, TestDatabase database, Action<IServiceCollection>? configure = null, params (string Key, string Value)[] settings)
    {
        this.settings =
        [
            ("ConnectionStrings:lightning", database.ConnectionStringOf(name)),
            ("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
            .. settings,
        ];
        this.configure = configure ?? (_ => { });
        // Not by the port's number: for that the factory sets the addresses by itself, now and then only when the server has begun to listen.
        UseKestrel(kestrel => kestrel.ListenLocalhost(port));
        StartServer();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in settings) builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders());
        builder.ConfigureTestServices(configure);
    }
}
