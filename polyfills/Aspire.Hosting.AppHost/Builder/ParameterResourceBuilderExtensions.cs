using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Adds parameters, and connection strings given from outside.</summary>
public static class ParameterResourceBuilderExtensions
{
    /// <summary>Adds a parameter that <c>Parameters:</c> and its name must give.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(CreateParameter(builder, name, secret));

    /// <summary>Adds a parameter with a value that configuration may replace.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddParameter(name, () => value, publishValueAsDefault, secret);

    /// <summary>Adds a parameter with a value that configuration may replace.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => builder.Configuration[Key(name)] ?? valueGetter(), secret));

    /// <summary>Adds a parameter with a default; <paramref name="persist"/> keeps a generated one in the AppHost's user secrets.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false) =>
        builder.AddResource(new ParameterResource(name, fallback => Value(builder, name, fallback!, persist), secret) { Default = value });

    /// <summary>Adds a parameter that a configuration key of another name gives.</summary>
    public static IResourceBuilder<ParameterResource> AddParameterFromConfiguration(
        this IDistributedApplicationBuilder builder, string name, string configurationKey, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => Required(builder, name, configurationKey), secret));

    /// <summary>Adds a connection string that configuration gives, of a server that is not the application's own.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null)
    {
        var value = new ParameterResource(name, _ => builder.Configuration.GetConnectionString(name) ?? throw new DistributedApplicationException(
            $"Connection string '{name}' has no value: set ConnectionStrings:{name} ({EnvironmentName($"ConnectionStrings:{name}")} in the environment)."), secret: true);
        var resource = builder.AddResource(new ConfiguredConnectionString(name, environmentVariableName, value));
        ServerReachableCheck.AddTo(resource);
        return resource;
    }

    /// <summary>Says what a parameter is for.</summary>
    public static IResourceBuilder<ParameterResource> WithDescription(
        this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        builder.Resource.Description = description;
        return builder;
    }

    /// <summary>Makes a parameter that configuration must give, without adding it.</summary>
    public static ParameterResource CreateParameter(IDistributedApplicationBuilder builder, string name, bool secret) =>
        new(name, _ => Required(builder, name, Key(name)), secret);

    /// <summary>Makes a generated parameter, kept in the AppHost's user secrets, without adding it.</summary>
    public static ParameterResource CreateGeneratedParameter(
        IDistributedApplicationBuilder builder, string name, bool secret, GenerateParameterDefault parameterDefault) =>
        new(name, fallback => Value(builder, name, fallback!, persist: true), secret) { Default = parameterDefault };

    /// <summary>Makes a password, kept in the AppHost's user secrets, without adding it.</summary>
    public static ParameterResource CreateDefaultPasswordParameter(
        IDistributedApplicationBuilder builder, string name, bool lower = true, bool upper = true, bool numeric = true, bool special = true,
        int minLower = 0, int minUpper = 0, int minNumeric = 0, int minSpecial = 0) =>
        CreateGeneratedParameter(builder, name, secret: true, new GenerateParameterDefault
        {
            MinLength = 22, // More than 128 bits in the default alphabet, as in the real package.
            Lower = lower,
            Upper = upper,
            Numeric = numeric,
            Special = special,
            MinLower = minLower,
            MinUpper = minUpper,
            MinNumeric = minNumeric,
            MinSpecial = minSpecial
        });

    static string Value(IDistributedApplicationBuilder builder, string name, ParameterDefault fallback, bool persist)
    {
        if (builder.Configuration[Key(name)] is { Length: > 0 } configured) return configured;
        var secrets = persist ? (builder as DistributedApplicationBuilder)?.Secrets : null;
        return secrets is null ? fallback.GetDefaultValue() : secrets.GetOrAdd(Key(name), fallback.GetDefaultValue);
    }

    static string Required(IDistributedApplicationBuilder builder, string name, string key) =>
        builder.Configuration[key] is { Length: > 0 } value ? value : throw new DistributedApplicationException(
            $"Parameter '{name}' has no value: set {key} ({EnvironmentName(key)} in the environment, or `dotnet user-secrets set {key} …` in the AppHost's folder).");

    static string Key(string name) => $"Parameters:{name}";

    static string EnvironmentName(string key) => key.Replace(":", "__", StringComparison.Ordinal);
}
