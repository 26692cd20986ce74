namespace Aspire.Hosting.Dashboard.Pages;

/// <summary>What every page has around it.</summary>
static class Layout
{
    static readonly (string Tab, string Path, string Key)[] s_tabs =
        [("Resources", "/", "r"), ("Console", "/console", "c"), ("Structured logs", "/logs", "s"), ("Traces", "/traces", "t"), ("Metrics", "/metrics", "m")];

    public static Html Page(string application, IView view)
    {
        var parts = view.Parts().ToDictionary(part => part.Id, StringComparer.Ordinal);
        var body = view.Frame(id => Html.Join(parts[id].Rows.Select(row => row.Html)));
        return Document(application, view.Title, Html.Of($"""
            <header>
              <a class="skip" href="#content">To the content</a>
              <p class="application">{application}</p>
              <nav aria-label="Pages"><ul>{s_tabs.Select(tab => Tab(tab, view.Tab))}</ul></nav>
              <p id="connection" role="status"></p>
            </header>
            <main id="content" tabindex="-1">{body}</main>
            """));
    }

    public static Html Refusal(string application) => Document(application, "Closed", Html.Of($"""
        <main id="content"><h1>This is the dashboard of {application}</h1>
        <p>It opens by the link that the AppHost printed when it started; the link works once, and the console shows the next one.</p></main>
        """));

    public static Html NotFound() => Html.Of($"""<h1>Nothing here</h1><p>It may have been pushed out by what came later. <a href="/">To the resources</a></p>""");

    static Html Tab((string Tab, string Path, string Key) tab, string current) => tab.Tab == current
        ? Html.Of($"""<li><a href="{tab.Path}" data-key="{tab.Key}" aria-current="page">{tab.Tab}</a></li>""")
        : Html.Of($"""<li><a href="{tab.Path}" data-key="{tab.Key}">{tab.Tab}</a></li>""");

    static Html Document(string application, string title, Html body) => Html.Of($"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <title>{title} – {application}</title>
          <link rel="icon" href="data:,">
          <link rel="stylesheet" href="/dashboard.css">
          <script src="/dashboard.js" defer></script>
        </head>
        <body>{body}</body>
        </html>
        """);
}
