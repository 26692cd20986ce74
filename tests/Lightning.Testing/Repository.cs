namespace Lightning.Testing;

/// <summary>The repository that the tests were built in.</summary>
public static class Repository
{
    /// <summary>The folder of Lightning.sln.</summary>
    public static string Root { get; } = FindRoot();

    static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Lightning.sln")))
            folder =
                Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Lightning.sln was not found.");
        return folder;
    }
}
