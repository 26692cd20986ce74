using System.Globalization;
using Aspire.Hosting.Dashboard.Telemetry;

namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>What several pages show the same way.</summary>
static class Elements
{
    /// <summary>A local time of day; the whole of it when pointed at.</summary>
    public static Html Time(DateTime utc)
    {
        var local = utc.ToLocalTime();
        return Html.Of($"""<time datetime="{utc.ToString("o", CultureInfo.InvariantCulture)}" title="{local.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)}">{local.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)}</time>""");
    }

    public static string Duration(TimeSpan duration) => duration.TotalMilliseconds switch
    {
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMicroseconds:0} µs"),
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.##} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.##} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(duration.TotalMinutes):0} min {duration.Seconds} s")
    };

    public static Html Select(string name, string label, IEnumerable<(string Value, string Text)> options, string current) => Html.Of($"""
        <label>{label} <select name="{name}">{options.Select(option => option.Value == current
            ? Html.Of($"""<option value="{option.Value}" selected>{option.Text}</option>""")
            : Html.Of($"""<option value="{option.Value}">{option.Text}</option>"""))}</select></label>
        """);

    public static Html Search(string label, string current) =>
        Html.Of($"""<label>{label} <input type="search" name="text" value="{current}" data-key="/"></label>""");

    public static Html Properties(string caption, IEnumerable<Property> properties) => Html.Of($"""
        <table class="properties"><caption>{caption}</caption><tbody>{properties.Select(property => Html.Of(
            $"""<tr><th scope="row">{property.Name}</th><td>{property.Value}</td></tr>"""))}</tbody></table>
        """);

    /// <summary>One of eight colours, always the same for the same name.</summary>
    public static int ColourOf(string name) => (int)(name.Aggregate(2166136261u, (hash, character) => (hash ^ character) * 16777619) % 8);

    public static Html Badge(string resource) => Html.Of($"""<span class="badge c{ColourOf(resource)}">{resource}</span>""");

    /// <summary>A path with a query made of what is not empty.</summary>
    public static string Url(string path, params (string Name, string? Value)[] query)
    {
        var given = query.Where(pair => !string.IsNullOrEmpty(pair.Value)).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}");
        return string.Join('&', given) is { Length: > 0 } text ? $"{path}?{text}" : path;
    }
}
