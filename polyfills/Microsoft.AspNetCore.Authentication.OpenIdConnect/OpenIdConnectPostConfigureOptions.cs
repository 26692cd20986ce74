using System.Text;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>Fills in what the application left to the handler: data formats, back channel, provider metadata.</summary>
public class OpenIdConnectPostConfigureOptions(IDataProtectionProvider dataProtection) : IPostConfigureOptions<OpenIdConnectOptions>
{
    const string WellKnown = ".well-known/openid-configuration";
    const int LongestAnswer = 10 * 1024 * 1024;

    public void PostConfigure(string? name, OpenIdConnectOptions options)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(options);

        options.DataProtectionProvider ??= dataProtection;
        if (string.IsNullOrEmpty(options.SignOutScheme))
            options.SignOutScheme = options.SignInScheme;
        if (string.IsNullOrEmpty(options.TokenValidationParameters.ValidAudience) && !string.IsNullOrEmpty(options.ClientId))
            options.TokenValidationParameters.ValidAudience = options.ClientId;

        AddDataFormats(name, options);
        AddBackchannel(options);
        options.ConfigurationManager ??= FindConfiguration(options);
    }

    static void AddDataFormats(string name, OpenIdConnectOptions options)
    {
        var root = options.DataProtectionProvider!.CreateProtector(typeof(OpenIdConnectHandler).FullName!);
        options.StateDataFormat ??= new PropertiesDataFormat(root.CreateProtector(name, "v1"));
        options.StringDataFormat ??= new SecureDataFormat<string>(new Utf8Serializer(), root.CreateProtector(typeof(string).FullName!, name, "v1"));
    }

    static void AddBackchannel(OpenIdConnectOptions options)
    {
        if (options.Backchannel is not null)
            return;
        options.Backchannel = new HttpClient(options.BackchannelHttpHandler ?? new HttpClientHandler())
        {
            Timeout = options.BackchannelTimeout,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        options.Backchannel.DefaultRequestHeaders.UserAgent.ParseAdd("Microsoft ASP.NET Core OpenIdConnect handler");
    }

    static IConfigurationManager<OpenIdConnectConfiguration>? FindConfiguration(OpenIdConnectOptions options)
    {
        if (options.Configuration is { } known)
            return new StaticConfigurationManager<OpenIdConnectConfiguration>(known);

        if (string.IsNullOrEmpty(options.MetadataAddress))
        {
            if (string.IsNullOrEmpty(options.Authority))
                return null;
            options.MetadataAddress = options.Authority.TrimEnd('/') + "/" + WellKnown;
        }

        if (options.RequireHttpsMetadata && !options.MetadataAddress.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            throw new InvalidOperationException("The MetadataAddress or Authority must use https; only in development may RequireHttpsMetadata=false say otherwise.");

        return new ConfigurationManager<OpenIdConnectConfiguration>(
            options.MetadataAddress,
            new OpenIdConnectConfigurationRetriever(),
            new HttpDocumentRetriever(options.Backchannel) { RequireHttps = options.RequireHttpsMetadata })
        {
            RefreshInterval = options.RefreshInterval,
            AutomaticRefreshInterval = options.AutomaticRefreshInterval,
        };
    }

    sealed class Utf8Serializer : IDataSerializer<string>
    {
        public string Deserialize(byte[] data) => Encoding.UTF8.GetString(data);

        public byte[] Serialize(string model) => Encoding.UTF8.GetBytes(model);
    }
}
