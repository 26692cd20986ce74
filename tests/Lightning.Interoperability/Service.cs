using System.Net;
using System.Net.Sockets;
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
        UseKestrel(port);
        StartServer();
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (key, value) in settings) builder.UseSetting(key, value);
        builder.ConfigureLogging(logging => logging.ClearProviders());
        builder.ConfigureTestServices(configure);
    }
}

/// <summary>Ports that nobody listens on.</summary>
static class Ports
{
    /// <summary>Held all at once, so that no two are the same.</summary>
    public static int[] Free(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var listener in listeners) listener.Start();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners) listener.Stop();
        return ports;
    }
}
