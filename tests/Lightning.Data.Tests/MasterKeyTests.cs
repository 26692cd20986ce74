using System.Security.Cryptography;
using Lightning.Data.Keys;
using Lightning.ServiceDefaults;
using Lightning.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Data.Tests;

public class MasterKeyTests(PostgresServer server)
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("bm90IDMyIGJ5dGVz")]
    public void Missing_or_malformed_master_key_is_refused_with_its_key_and_fix(string? value)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("DataProtection:MasterKey", value)])
            .Build();
        Should
            .Throw<ConfigurationException>(() => MasterKey.Read(configuration))
            .Message.ShouldSatisfyAllConditions(
                message => message.ShouldContain("DataProtection:MasterKey"),
                message => message.ShouldContain("openssl rand")
            );
    }

    [Fact, Trait("Check", "O07")]
    public void Development_master_key_is_refused_in_Production_only()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("DataProtection:MasterKey", "development" + new string('z', 32) + "=")])
            .Build();
        MasterKey.Read(configuration, isProduction: false).ShouldNotBeNull();
        Should
            .Throw<ConfigurationException>(() => MasterKey.Read(configuration, isProduction: true))
            .Message.ShouldStartWith("DataProtection:MasterKey was made for development: ");
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddConfiguration(configuration);
        builder.Configuration["ConnectionStrings:lightning"] = "Host=localhost";
        Should.Throw<ConfigurationException>(() => builder.AddLightningData("bff"));
    }

    [Fact]
    public void Master_key_of_43_letters_and_an_equals_sign_is_accepted() =>
        MasterKey
            .Read(
                new ConfigurationBuilder()
                    .AddInMemoryCollection([new("DataProtection:MasterKey", new string('z', 43) + "=")])
                    .Build()
            )
            .ShouldNotBeNull();

    [Fact]
    [Trait("Check", "O05")]
    public async Task Key_ring_needs_its_master_key_after_a_restart()
    {
        await using var database = await server.CreateDatabaseAsync();
        var (key, other) = (
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))
        );

        await using var first = Service(key);
        var secret = first.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Protect("a token");
        ((string)(await database.ExecuteAsync("SELECT xml FROM keys.data_protection"))!).ShouldNotContain("<value>");

        await using var restarted = Service(key);
        restarted
            .GetRequiredService<IDataProtectionProvider>()
            .CreateProtector("test")
            .Unprotect(secret)
            .ShouldBe("a token");

        await using var thief = Service(other);
        Should.Throw<CryptographicException>(() =>
            thief.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Unprotect(secret)
        );

        ServiceProvider Service(string masterKey)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Configuration.AddInMemoryCollection([
                new("ConnectionStrings:lightning", database.ConnectionStringOf("bff")),
                new("DataProtection:MasterKey", masterKey),
            ]);
            builder.AddLightningData("bff");
            return builder.Services.BuildServiceProvider();
        }
    }
}
