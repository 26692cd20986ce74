using Lightning.Sessions.Model;

namespace Lightning.Data.Sessions;

/// <summary>A relying party's server-side session, with the session at the provider.</summary>
public sealed class WebSession : WebSessionEntity
{
    /// <summary>The session at the provider.</summary>
    public Session? Session { get; init; }
}
