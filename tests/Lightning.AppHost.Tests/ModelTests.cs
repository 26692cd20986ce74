using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Lightning.AppHost.Tests;

public sealed class ModelTests
{
    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void Secret_AddedByManyAtOnce_IsKeptOnceAndByItsOwnerOnly()
    {
        var folder = Directory.CreateTempSubdirectory("lightning-secrets-");
        try
        {
            var path = Path.Combine(folder.FullName, "id", "secrets.json");
            var values = new string[40];
            Parallel.For(0, values.Length, i => values[i] = new UserSecretsFile(path).GetOrAdd($"Parameters:p{i % 8}", () => $"value {i}"));

            for (var i = 0; i < values.Length; i++)
            {
                values[i].ShouldBe(values[i % 8]);
                new UserSecretsFile(path).GetOrAdd($"Parameters:p{i % 8}", () => "other").ShouldBe(values[i]);
            }

            File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Secret_KeptByHand_IsFoundNestedOrFlatAndStays()
    {
        var folder = Directory.CreateTempSubdirectory("lightning-secrets-");
        try
        {
            var path = Path.Combine(folder.FullName, "secrets.json");
            File.WriteAllText(path, """{ "Parameters": { "nested": "a" }, "Parameters:flat": "b", /* mine */ "Other": "c" }""");
            var secrets = new UserSecretsFile(path);
            secrets.GetOrAdd("Parameters:nested", () => "new").ShouldBe("a");
            secrets.GetOrAdd("Parameters:flat", () => "new").ShouldBe("b");
            secrets.GetOrAdd("Parameters:third", () => "new").ShouldBe("new");
            File.ReadAllText(path).ShouldContain("\"Other\": \"c\"");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void GeneratedValue_HasItsLengthAndItsKindsOfCharacters()
    {
        var value = new GenerateParameterDefault { MinLength = 43, Special = false, MinNumeric = 3, MinUpper = 2 }.GetDefaultValue();
        value.Length.ShouldBe(43);
        value.ShouldAllBe(character => char.IsAsciiLetterOrDigit(character));
        value.Count(char.IsAsciiDigit).ShouldBeGreaterThanOrEqualTo(3);
        Convert.FromBase64String(value + "=").Length.ShouldBe(32);
    }

    [Fact]
    public async Task Expression_WithBracesAndValues_KeepsBoth()
    {
        var builder = DistributedApplication.CreateBuilder();
        var parameter = builder.AddParameter("p", "{v}");
        var expression = ReferenceExpression.Create($"a{{b}}{parameter};{"text"}");
        (await expression.GetValueAsync(Cancelled)).ShouldBe("a{b}{v};text");
        expression.ValueExpression.ShouldBe("a{b}{p.value};text");
    }

    [Fact]
    public async Task Parameter_WithoutValue_NamesTheKey()
    {
        var builder = DistributedApplication.CreateBuilder(["--Parameters:given=x"]);
        (await builder.AddParameter("given").Resource.GetValueAsync(Cancelled)).ShouldBe("x");
        var missing = builder.AddParameter("missing");
        (await Should.ThrowAsync<DistributedApplicationException>(async () => await missing.Resource.GetValueAsync(Cancelled))).Message.ShouldContain("Parameters:missing");
    }

    [Fact]
    public void Port_ThatIsTaken_NamesWhoWantsItAndWhere()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var builder = DistributedApplication.CreateBuilder();
        var wanted = builder.AddExecutable("server", "sh", ".").WithHttpEndpoint(port);

        var failure = Should.Throw<DistributedApplicationException>(() => Ports.Allocate(builder.Resources, randomize: false));
        failure.Message.ShouldStartWith($"Port {port}, which server wants (endpoint 'http' in the AppHost), is in use:");

        Ports.Allocate(builder.Resources, randomize: true);
        wanted.GetEndpoint("http").Port.ShouldNotBe(port);
    }

    [Fact]
    public void Port_WantedTwice_NamesBoth()
    {
        var builder = DistributedApplication.CreateBuilder();
        foreach (var name in (string[])["one", "two"]) builder.AddExecutable(name, "sh", ".").WithHttpEndpoint(28199);
        Should.Throw<DistributedApplicationException>(() => Ports.Allocate(builder.Resources, randomize: false)).Message.ShouldContain("is wanted by one too");
    }

    [Fact]
    public void FreePort_IsNoneThatIsSpokenFor()
    {
        // All but a few are: one that does not look would take one of them almost always.
        var left = Enumerable.Range(20_000, 400);
        left.ShouldContain(Ports.FreeOne(Enumerable.Range(20_400, 32_768 - 20_400)));
    }
}
