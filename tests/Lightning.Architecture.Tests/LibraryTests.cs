using System.Reflection;

namespace Lightning.Architecture.Tests;

/// <summary>Holds the libraries usable without the product.</summary>
public sealed class LibraryTests
{
    [Theory]
    [InlineData("Lightning.Admin.Engine", "Lightning.Authorization")]
    [InlineData("Lightning.Authorization")]
    [InlineData("Lightning.Sessions", "Lightning.Authorization", "Lightning.ServiceDefaults")]
    [InlineData(
        "Lightning.Sessions.Bearer",
        "Lightning.Authorization",
        "Lightning.ServiceDefaults",
        "Lightning.Sessions"
    )]
    [InlineData("Lightning.Sessions.Cookies", "Lightning.ServiceDefaults", "Lightning.Sessions")]
    public void Library_references_only_the_named_assemblies_of_ours(string library, params string[] allowed)
    {
        var referenced = Assembly
            .Load(library)
            .GetReferencedAssemblies()
            .Select(assembly => assembly.Name!)
            .Where(name => name.StartsWith("Lightning.", StringComparison.Ordinal));

        referenced.ShouldBe(allowed, ignoreOrder: true);
    }

    [Fact]
    public void Api_references_no_OpenID_Connect_client()
    {
        var referenced = new HashSet<string>();
        Collect(Assembly.Load("Lightning.Api"), referenced);

        referenced.ShouldContain("Lightning.Sessions.Bearer");
        referenced.ShouldNotContain("Lightning.Sessions.Cookies");
        referenced.ShouldNotContain(name => name.StartsWith("Duende.", StringComparison.Ordinal));
        referenced.ShouldNotContain("Microsoft.AspNetCore.Authentication.OpenIdConnect");
    }

    static void Collect(Assembly assembly, HashSet<string> referenced)
    {
        foreach (var name in assembly.GetReferencedAssemblies())
            if (referenced.Add(name.Name!) && name.Name!.StartsWith("Lightning.", StringComparison.Ordinal))
                Collect(Assembly.Load(name), referenced);
    }
}
