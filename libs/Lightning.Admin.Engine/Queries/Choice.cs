namespace Lightning.Admin.Engine.Queries;

/// <summary>A row that can be picked.</summary>
/// <param name="Key">The key, as a URL segment.</param>
/// <param name="Name">The display name.</param>
public sealed record Choice(string Key, string Name)
{
    /// <summary>The name shown for a picked row that the actor may not read.</summary>
    internal const string NotVisible = "(not visible)";
}
