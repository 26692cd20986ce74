using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace Lightning.Benchmarks;

/// <summary>
/// The minimal cost of a list page: its queries and a static template around the rows.
/// </summary>
static class AdminFloor
{
    /// <summary>What the floor serves.</summary>
    /// <param name="Queries">The queries of the page, in order.</param>
    /// <param name="Rows">The index of the query that returns the rows.</param>
    /// <param name="Columns">The columns that are shown.</param>
    /// <param name="Before">The HTML before the rows.</param>
    /// <param name="After">The HTML after the rows.</param>
    public sealed record Page(
        IReadOnlyList<string> Queries,
        int Rows,
        IReadOnlyList<int> Columns,
        string Before,
        string After
    );

    /// <summary>Runs until its standard input is closed.</summary>
    public static async Task ServeAsync(string connectionString, string file)
    {
        var page = JsonSerializer.Deserialize<Page>(await File.ReadAllTextAsync(file))!;
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        await using var database = NpgsqlDataSource.Create(connectionString);
        app.MapGet(
            "/page",
            async (HttpContext http) =>
            {
                await using var connection = await database.OpenConnectionAsync();
                var html = new StringBuilder(page.Before);
                for (var number = 0; number < page.Queries.Count; number++)
                {
                    await using var command = new NpgsqlCommand(page.Queries[number], connection);
                    await using var reader = await command.ExecuteReaderAsync();
                    while (await reader.ReadAsync())
                    {
                        if (number != page.Rows)
                            continue;
                        html.Append("<tr>");
                        foreach (var column in page.Columns)
                            html.Append("<td><a href=\"/notes/")
                                .Append(reader.GetValue(0))
                                .Append("\">")
                                .Append(WebUtility.HtmlEncode(reader.GetValue(column).ToString()))
                                .Append("</a></td>");
                        html.Append("<td class=\"todo\"></td></tr>\n");
                    }
                }
                http.Response.ContentType = "text/html; charset=utf-8";
                await http.Response.WriteAsync(html.Append(page.After).ToString());
            }
        );
        await app.StartAsync();
        Console.WriteLine($"Now listening on: {app.Urls.Single()}");
        await Console.In.ReadToEndAsync();
    }
}
