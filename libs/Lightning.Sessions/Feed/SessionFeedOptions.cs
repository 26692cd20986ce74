using System.ComponentModel.DataAnnotations;

namespace Lightning.Sessions.Feed;

/// <summary>Where the change feed listens.</summary>
public sealed class SessionFeedOptions
{
    /// <summary>
    /// The connection string for <c>LISTEN</c>, which transaction pooling does not support.
    /// </summary>
    [Required(ErrorMessage = "The change feed has no connection string.")]
    public string ConnectionString { get; set; } = "";
}
