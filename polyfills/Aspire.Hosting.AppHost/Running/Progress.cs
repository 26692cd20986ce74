using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Running;

/// <summary>
/// Shows on the AppHost's console how the application comes up: what is being set up, who is healthy and how fast, and of all that resources
/// write only warnings and errors. <c>AppHost:Verbose=true</c> shows every line. Silent unless the application is run.
/// </summary>
sealed partial class Progress(DistributedApplicationModel model, IConfiguration configuration, TimeProvider clock)
{
    readonly Lock _lock = new();
    readonly bool _verbose = configuration.IsOn("AppHost:Verbose");
    readonly int _width = model.Resources.Where(ResourceRun.IsProcess).SelectMany(Instance.AllOf).Select(instance => instance.Id.Length).DefaultIfEmpty(0).Max();
    readonly Dictionary<string, bool> _showing = [];
    Action<string> _line = _ => { };
    Action<string, string>? _note;
    bool _stopping;

    /// <summary>Shows lines, and what is said of one resource as a line too unless something better is given.</summary>
    public void ShowOn(Action<string> line, Action<string, string>? note = null)
    {
        lock (_lock) (_line, _note) = (line, note);
    }

    public void Say(string line)
    {
        lock (_lock) _line(line);
    }

    public void Say(string id, string what)
    {
        lock (_lock)
        {
            if (_note is not null) _note(id, what);
            else _line($"  {id.PadRight(_width)}  {what}");
        }
    }

    public string Since(long timestamp) => string.Create(CultureInfo.InvariantCulture, $"{clock.GetElapsedTime(timestamp).TotalSeconds:0.0} s");

    /// <summary>From now on resources are told to end, and their last words about it are of no interest.</summary>
    public void Stopping()
    {
        lock (_lock)
        {
            _line("Stopping.");
            _stopping = true;
        }
    }

    public void Output(string id, OutputLine line)
    {
        var text = Colours.Strip(line.Text);
        lock (_lock)
        {
            if (_verbose || !_stopping && IsImportant(id, text)) _line($"[{id}] {text}");
        }
    }

    public void LastLines(string id, IEnumerable<OutputLine> lines)
    {
        lock (_lock)
        {
            if (_verbose) return; // they stand there already
            foreach (var line in lines) _line($"[{id}] {line.Text}");
        }
    }

    // .NET's console logger writes a record as a headed line and indented ones: those follow their head.
    bool IsImportant(string id, string text)
    {
        if (text.Length > 0 && char.IsWhiteSpace(text[0])) return _showing.GetValueOrDefault(id);
        return _showing[id] = Important().IsMatch(text);
    }

    [GeneratedRegex(@"^(?i:warn|warning|fail|crit|critical|error|fatal|unhandled exception)\b|\b(WARNING|FATAL|PANIC):  ",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Important();
}
