using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>
/// Shows on the AppHost's console how the application comes up: what is being set up, who is healthy and how fast, and of all that resources
/// write only warnings and errors. <c>AppHost:Verbose=true</c> shows every line. Silent unless the application is run.
/// </summary>
sealed partial class Progress(DistributedApplicationModel model, IConfiguration configuration)
{
    readonly Lock _lock = new();
    readonly bool _verbose = configuration.IsOn("AppHost:Verbose");
    readonly int _width = model.Resources.Where(ResourceRun.IsProcess).Select(resource => resource.Name.Length).DefaultIfEmpty(0).Max();
    readonly Dictionary<string, bool> _showing = [];
    TextWriter _out = TextWriter.Null;
    bool _stopping;

    public void ShowOn(TextWriter writer) => _out = writer;

    public void Say(string line)
    {
        lock (_lock) _out.WriteLine(line);
    }

    public void Say(IResource resource, string what) => Say($"  {resource.Name.PadRight(_width)}  {what}");

    /// <summary>From now on resources are told to end, and their last words about it are of no interest.</summary>
    public void Stopping()
    {
        lock (_lock)
        {
            _out.WriteLine("Stopping.");
            _stopping = true;
        }
    }

    public void Output(IResource resource, OutputLine line)
    {
        lock (_lock)
        {
            if (_verbose || !_stopping && IsImportant(resource, line.Text)) _out.WriteLine($"[{resource.Name}] {line.Text}");
        }
    }

    public void LastLines(IResource resource, IEnumerable<OutputLine> lines)
    {
        lock (_lock)
        {
            if (_verbose) return; // they stand there already
            foreach (var line in lines) _out.WriteLine($"[{resource.Name}] {line.Text}");
        }
    }

    // .NET's console logger writes a record as a headed line and indented ones: those follow their head.
    bool IsImportant(IResource resource, string text)
    {
        if (text.Length > 0 && char.IsWhiteSpace(text[0])) return _showing.GetValueOrDefault(resource.Name);
        return _showing[resource.Name] = Important().IsMatch(text);
    }

    [GeneratedRegex(@"^(?i:warn|warning|fail|crit|critical|error|fatal|unhandled exception)\b|\b(WARNING|FATAL|PANIC):  ",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Important();
}
