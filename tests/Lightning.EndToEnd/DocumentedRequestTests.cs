using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Web;
using Lightning.Testing;
using Microsoft.Playwright;

namespace Lightning.EndToEnd;

/// <summary>
/// Runs the shell requests of the documentation against the running app. The text after <c>#</c> is the expected
/// response; a line that begins with <c>#</c> and three spaces continues it.
/// </summary>
public sealed partial class DocumentedRequestTests(RunningApp app, Browser browser)
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("bff-sign-in", 4)]
    [InlineData("native-app", 5)]
    [InlineData("front-end-with-pkce", 4)]
    [InlineData("service-to-service", 4)]
    [InlineData("logout-and-back-channel", 1)]
    [InlineData("api-page", 4)]
    public async Task Documented_requests_match_the_responses(string page, int answers)
    {
        using var shell = new Shell();
        shell.Set("SECRET", RunningApp.ReportsSecret);
        await using var context = await browser.OpenAsync();
        await ProviderUsers.SignUpAsync(app, context, $"{page}@example.com", Cancellation);

        await CompareAsync(page, answers, shell, context);
    }

    /// <summary>Requests of an administrator who impersonates a user.</summary>
    [Fact]
    public async Task Documented_impersonation_requests_match_the_responses()
    {
        await using var theirs = await browser.OpenAsync();
        await using var mine = await browser.OpenAsync();
        await app.SignUpAsync(theirs, "Robin", "robin@example.com");
        var page = await (await app.AdministratorAsync(mine, "guide@example.com")).OpenAccountAsync(
            app,
            "robin@example.com"
        );
        await page.GetByRole(AriaRole.Link, new() { Name = "Impersonate Robin" }).ClickAsync();
        await page.GetByLabel("Reason").FillAsync("To try what the page says");
        await page.GetByRole(AriaRole.Button, new() { Name = "Impersonate Robin" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Region, new() { Name = "Impersonation" })).ToBeVisibleAsync();
        using var shell = new Shell();
        shell.Set("COOKIE", (await mine.CookiesAsync()).Single(cookie => cookie.Name == "__Host-lightning").Value);

        await CompareAsync("acting", 3, shell, mine);
    }

    async Task CompareAsync(string page, int answers, Shell shell, IBrowserContext context)
    {
        var (compared, last) = (0, "");
        foreach (var (command, expected) in Steps(Path.Combine(Repository.Root, "docs", "auth", $"{page}.md")))
        {
            if (command.Contains("$CODE", StringComparison.Ordinal))
                shell.Set("CODE", await CodeAsync(context, last));
            if (command.Contains("$COOKIE", StringComparison.Ordinal) && !shell.Knows("COOKIE"))
                shell.Set("COOKIE", await CookieAsync(context));
            // Needs the token of an upstream provider; covered by PkceFrontEndTests.
            if (command.Contains("$ID_TOKEN", StringComparison.Ordinal))
                continue;
            last = await shell.RunAsync(Here(command), Cancellation);
            foreach (var line in expected)
                Pattern(Here(line))
                    .IsMatch(last)
                    .ShouldBeTrue($"{page}.md: the response to\n{command}\nshould be\n{line}\nbut is\n{last}");
            compared += expected.Count > 0 ? 1 : 0;
        }
        compared.ShouldBeGreaterThanOrEqualTo(answers, "the page has fewer requests, or they were not recognized");
    }

    /// <summary>The commands of a page, each with its documented responses.</summary>
    static IEnumerable<(string Command, List<string> Expected)> Steps(string file)
    {
        foreach (var block in Blocks().Matches(File.ReadAllText(file)).Select(match => match.Groups["text"].Value))
        {
            // The client is already registered in the configuration.
            if (block.Contains("Identity__Clients", StringComparison.Ordinal))
                continue;
            var steps = new List<(string Command, List<string> Expected)>();
            foreach (
                var line in block
                    .Replace("\\\n", "", StringComparison.Ordinal)
                    .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            )
            {
                if (line.StartsWith("#   ", StringComparison.Ordinal))
                    steps[^1].Expected[^1] += $"\n{line[4..]}";
                else if (line.StartsWith("# ", StringComparison.Ordinal))
                    steps[^1].Expected.Add(line[2..]);
                else if (Inline().Match(line) is { Success: true } inline)
                    steps.Add((inline.Groups["command"].Value, [inline.Groups["answer"].Value]));
                else
                    steps.Add((line, []));
            }
            foreach (var step in steps)
                yield return step;
        }
    }

    /// <summary>Replaces the documented ports with the ports of the running app.</summary>
    string Here(string text) =>
        new[] { ("5100", "bff"), ("5101", "identity"), ("5102", "api"), ("5103", "admin") }.Aggregate(
            text,
            (done, port) =>
                done.Replace(
                    $"http://localhost:{port.Item1}",
                    app.Address(port.Item2).GetLeftPart(UriPartial.Authority),
                    StringComparison.Ordinal
                )
        );

    /// <summary>Matches a documented response: … is any text, a line break any white space or none.</summary>
    static Regex Pattern(string line) =>
        new(
            $"(?m)^{string.Join(".*", line.TrimEnd().Split('…').Select(Regex.Escape)).Replace(@"\n", @"\s*")}",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
            TimeSpan.FromSeconds(1)
        );

    /// <summary>
    /// Opens the printed URL, agrees to the native app as the page says, and reads the code from the redirect to an app
    /// that does not exist.
    /// </summary>
    static async Task<string> CodeAsync(IBrowserContext context, string printed)
    {
        var page = await context.NewPageAsync();
        var arrived = new TaskCompletionSource<string>();
        page.Request += (_, request) =>
        {
            if (HttpUtility.ParseQueryString(new Uri(request.Url).Query)["code"] is { } code)
                arrived.TrySetResult(code);
        };
        await page.EvaluateAsync("url => { location.href = url; }", printed.Trim());
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        return await arrived.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    async Task<string> CookieAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(app.Address("bff"), "/bff/login").ToString());
        await page.WaitForUrlAsync(app.Address("bff"), except: "bff/");
        return (await context.CookiesAsync()).Single(cookie => cookie.Name == "__Host-lightning").Value;
    }

    [GeneratedRegex(
        "```sh\n(?<text>.*?)```",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Blocks();

    [GeneratedRegex(
        @"^(?<command>.*?)\s{2,}# (?<answer>.+)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Inline();

    /// <summary>A shell in a temporary folder, which keeps the documented variables between commands.</summary>
    sealed class Shell : IDisposable
    {
        const string Names = "VERIFIER CHALLENGE TOKENS ACCESS REFRESH CODE COOKIE SECRET";
        readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lightning-docs-");
        readonly Dictionary<string, string> set = new(StringComparer.Ordinal);

        public void Set(string name, string value) => set[name] = value;

        public bool Knows(string name) => set.ContainsKey(name);

        public async Task<string> RunAsync(string command, CancellationToken cancellationToken)
        {
            var start = new ProcessStartInfo("bash")
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
            };
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(
                "[ -f variables ] && . ./variables\n"
                    + string.Join('\n', set.Select(variable => $"{variable.Key}='{variable.Value}'"))
                    + $"\n{command}\ndeclare -p {Names} > variables 2> unset; true"
            );
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return output.ReplaceLineEndings("\n");
        }

        public void Dispose() => folder.Delete(recursive: true);
    }
}
