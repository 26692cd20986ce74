using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>What a process writes, as it writes it.</summary>
sealed class ConsoleView(ResourceNotificationService notifications, ResourceLoggerService logs, string? asked, string text) : IView
{
    const int Shown = 500;
    readonly string[] _ids = [.. notifications.All().Where(change => ResourceRun.IsProcess(change.Resource)).Select(change => change.ResourceId)];

    public string Title => $"Console of {Resource}";

    public string Tab => "Console";

    public long Version => logs.Version;

    public Html Frame(Func<string, Html> rowsOf) => Html.Of($"""
        <h1>Console</h1>
        <form class="filter" method="get" action="/console">
          {Elements.Select("resource", "Resource", _ids.Select(id => (id, id)), Resource)}
          {Elements.Search("With the text", text)}
          <button>Show</button>
          <label><input type="checkbox" id="follow" checked> Follow</label>
          <a href="{Elements.Url("/console/download", ("resource", Resource))}" download>Download</a>
        </form>
        <div class="console" data-part="console" data-follow="follow" role="log" aria-label="Output of {Resource}" tabindex="0">{rowsOf("console")}</div>
        """);

    public IEnumerable<Part> Parts() => [new("console", [.. logs.Lines(Resource)
        .Where(line => text.Length == 0 || Colours.Strip(line.Content).Contains(text, StringComparison.OrdinalIgnoreCase))
        .TakeLast(Shown).Select(line => new Row(line.LineNumber.ToString(CultureInfo.InvariantCulture), RowOf(line)))])];

    /// <summary>All lines there are, as a file.</summary>
    public static string Download(ResourceLoggerService logs, string id) =>
        string.Concat(logs.Lines(id).Select(line => Colours.Strip(line.Content) + "\n"));

    string Resource => asked is not null && _ids.Contains(asked, StringComparer.Ordinal) ? asked : _ids.FirstOrDefault() ?? "";

    static Html RowOf(LogLine line) => Html.Of($"""<div id="console-{line.LineNumber}" class="line{Html.If(line.IsErrorMessage, $" error")}"><span class="number">{line.LineNumber}</span><span>{Coloured(line.Content)}</span></div>""");

    /// <summary>Keeps the eight colours and their bright ones, and bold; whatever else a program tells a terminal is left out.</summary>
    internal static Html Coloured(string content)
    {
        var html = new List<Html>();
        var (colour, bold, from) = (0, false, 0);
        foreach (System.Text.RegularExpressions.Match sequence in Colours.Sequences().Matches(content))
        {
            Append(content[from..sequence.Index]);
            from = sequence.Index + sequence.Length;
            if (sequence.Value is not ['\u001b', '[', .. var codes, 'm']) continue;
            var numbers = codes.Split(';').Select(code => int.TryParse(code, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
            for (var i = 0; i < numbers.Length; i++)
            {
                switch (numbers[i])
                {
                    case 0: (colour, bold) = (0, false); break;
                    case 1: bold = true; break;
                    case 22: bold = false; break;
                    case 39: colour = 0; break;
                    case >= 30 and <= 37 or >= 90 and <= 97: colour = numbers[i]; break;
                    case 38 or 48: i = numbers.Length; break; // 256 colours and more: not these
                }
            }
        }

        Append(content[from..]);
        return Html.Join(html);

        void Append(string text)
        {
            if (text.Length == 0) return;
            html.Add(colour == 0 && !bold ? Html.Of($"{text}") : Html.Of($"""<span class="{(colour == 0 ? "" : $"a{colour}")}{(bold ? " bold" : "")}">{text}</span>"""));
        }
    }
}
