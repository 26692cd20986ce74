using System.Text.RegularExpressions;

namespace Lightning.Testing;

/// <summary>A page of the documentation and its code blocks.</summary>
/// <param name="Text">The Markdown.</param>
public sealed partial record DocumentationPage(string Text)
{
    /// <summary>The code blocks with a language, in order.</summary>
    public IReadOnlyList<CodeBlock> Blocks { get; } =
    [.. Fences().Matches(Text).Select(fence => new CodeBlock(fence.Groups[1].Value, fence.Groups[2].Value))];

    /// <summary>Reads a page.</summary>
    /// <param name="path">The path in the repository.</param>
    public static DocumentationPage Read(string path) => new(File.ReadAllText(Path.Combine(Repository.Root, path)));

    [GeneratedRegex(@"^```(\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();
}

/// <summary>A code block.</summary>
/// <param name="Language">The language, such as <c>csharp</c>.</param>
/// <param name="Code">The lines.</param>
public sealed partial record CodeBlock(string Language, string Code)
{
    /// <summary>
    /// Whether a source file has this code. White space and documentation comments do not matter, and an ellipsis
    /// stands for any text.
    /// </summary>
    /// <param name="path">The file's path in the repository.</param>
    public bool IsIn(string path)
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, path));
        var pattern = Regex.Escape(Squeeze(Code)).Replace("…", ".*?", StringComparison.Ordinal);
        return Regex.IsMatch(Squeeze(source), pattern);
    }

    static string Squeeze(string code) => Ignored().Replace(code, "");

    [GeneratedRegex(@"///[^\n]*|\s+")]
    private static partial Regex Ignored();
}
