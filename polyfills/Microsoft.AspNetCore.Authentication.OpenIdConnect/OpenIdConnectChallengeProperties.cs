using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Microsoft.AspNetCore.Authentication.OpenIdConnect;

/// <summary>What one challenge may ask of the provider beyond the options.</summary>
public class OpenIdConnectChallengeProperties : OAuthChallengeProperties
{
    public static readonly string MaxAgeKey = OpenIdConnectParameterNames.MaxAge;
    public static readonly string PromptKey = OpenIdConnectParameterNames.Prompt;

    public OpenIdConnectChallengeProperties() { }

    public OpenIdConnectChallengeProperties(IDictionary<string, string?> items) : base(items) { }

    public OpenIdConnectChallengeProperties(IDictionary<string, string?> items, IDictionary<string, object?> parameters) : base(items, parameters) { }

    /// <summary>The longest time since the person last signed in, in whole seconds on the wire.</summary>
    public TimeSpan? MaxAge
    {
        get => GetParameter<TimeSpan?>(MaxAgeKey);
        set => SetParameter(MaxAgeKey, value);
    }

    /// <summary>The <c>prompt</c> parameter, such as <c>login</c>.</summary>
    public string? Prompt
    {
        get => GetParameter<string>(PromptKey);
        set => SetParameter(PromptKey, value);
    }
}
