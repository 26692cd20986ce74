using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Microsoft.Playwright;
using Npgsql;
using static Microsoft.Playwright.Assertions;

namespace Lightning.EndToEnd;

/// <summary>
/// Uses the whole app with known secrets, at the most verbose log levels. Afterwards no secret may be in a log, trace
/// or metric, and none but the email address in a table.
/// </summary>
public sealed class CanaryTests(RunningApp app, Browser browser)
{
    const string Address = "canary.7f3a9@example.com";
    const string Password = "Kanarienvogel-4711-singt";
    const string WrongPassword = "Kanarienvogel-4712-falsch";
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The secrets by kind.</summary>
    readonly ConcurrentDictionary<string, string> secrets = new(StringComparer.Ordinal);

    [Fact]
    [Trait("Check", "O02")]
    [Trait("Check", "B24")]
    [Trait("Check", "T05")]
    public async Task Secrets_are_in_no_log_trace_metric_or_table()
    {
        secrets["password"] = Password;
        secrets["wrong password"] = WrongPassword;
        await using var context = await browser.OpenAsync();
        context.Request += (_, request) => Keep(request);
        var answers = new ConcurrentBag<(string Url, string Text)>();
        var page = await context.NewPageAsync();
        page.Response += async (_, response) => await ReadAsync(response, answers);

        await SignUpAsync(page);
        await KeepCookiesAsync(context);
        var userId = (await FetchAsync(page, "/bff/user")).GetProperty("id").GetString()!;
        await FetchAsync(page, "/api/v1/notes");
        await UseTokensAsync(context);
        await SignInAgainAsync(page);
        await KeepCookiesAsync(context);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign in" })).ToBeVisibleAsync();

        foreach (
            var needed in new[]
            {
                "code",
                "token of a link",
                "cookie __Host-lightning",
                "cookie __Host-lightning-id",
                "access_token",
                "refresh_token",
                "id_token",
            }
        )
            secrets.Keys.ShouldContain(
                name => name.StartsWith(needed, StringComparison.Ordinal),
                $"{needed} was never seen, so it cannot be looked for"
            );

        // The BFF sent no token to the browser.
        foreach (
            var (url, text) in answers.Where(answer =>
                answer.Url.StartsWith(app.Address("bff").ToString(), StringComparison.Ordinal)
            )
        )
        foreach (
            var (name, secret) in secrets.Where(secret => !secret.Key.Contains("password", StringComparison.Ordinal))
        )
            text.Contains(secret, StringComparison.Ordinal).ShouldBeFalse($"{name} is in the answer of {url}");

        await WaitForTelemetryAsync(userId);
        foreach (var (name, secret) in secrets.Append(new("address", Address)))
        foreach (var form in new[] { secret, Uri.EscapeDataString(secret) }.Distinct())
            app.Traces.SignalsWith(form)
                .ShouldBeEmpty($"{name} was sent: {string.Join(", ", app.Traces.SpansWith(form))}");

        await using var source = NpgsqlDataSource.Create(await app.ConnectionStringAsync());
        var tables = await DumpAsync(source);
        tables.ShouldContain(
            table => table.Value.Contains(Address, StringComparison.Ordinal),
            "the scan of the tables finds nothing at all"
        );
        foreach (var (table, text) in tables)
        foreach (var (name, secret) in secrets)
        foreach (
            var form in new[]
            {
                secret,
                Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)),
                Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)),
            }
        )
            text.Contains(form, StringComparison.Ordinal).ShouldBeFalse($"{name} is in {table}");
    }

    async Task SignUpAsync(IPage page)
    {
        await page.GotoAsync(app.Address("bff").ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Canary");
        await page.GetByLabel("Email").FillAsync(Address);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Check your email" })).ToBeVisibleAsync();
        using var mail = app.Client("mail");
        await page.GotoAsync(await new Mailbox(mail).WaitForLinkAsync(Address, Cancellation));
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "New note" })).ToBeVisibleAsync();
    }

    /// <summary>The reused refresh token has ended the session, so the page asks to sign in again.</summary>
    static async Task SignInAgainAsync(IPage page)
    {
        await page.BringToFrontAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in again" }).ClickAsync();
        foreach (var password in new[] { WrongPassword, Password })
        {
            await page.GetByLabel("Email").FillAsync(Address);
            await page.GetByLabel("Password", new() { Exact = true }).FillAsync(password);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
            if (password == WrongPassword)
                await Expect(page.GetByRole(AriaRole.Alert).First).ToBeVisibleAsync();
        }
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    /// <summary>
    /// A public client gets tokens with PKCE, uses and refreshes them, and reuses a used refresh token.
    /// </summary>
    async Task UseTokensAsync(IBrowserContext context)
    {
        var verifier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        secrets["verifier"] = verifier;
        var challenge = Convert
            .ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)))
            .TrimEnd('=')
            .Replace('+', '-')
            .Replace('/', '_');
        var page = await context.NewPageAsync();
        // The redirect URI needs a server: the collector responds to any request.
        var redirectUri = app.Traces.RedirectUri;
        await page.GotoAsync(
            new Uri(
                app.Address("identity"),
                "/connect/authorize?client_id=lightning-public&response_type=code"
                    + "&scope=openid%20email%20offline_access%20lightning"
                    + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}&state=abcdefgh12345678"
                    + $"&nonce=12345678abcdefgh&code_challenge={challenge}&code_challenge_method=S256"
            ).ToString()
        );
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.WaitForUrlAsync(new Uri(redirectUri));
        var code = HttpUtility.ParseQueryString(new Uri(page.Url).Query)["code"]!;
        await page.CloseAsync();

        using var identity = app.Client("identity");
        var first = await TokensAsync(
            identity,
            new()
            {
                ["grant_type"] = "authorization_code",
                ["code"] = code,
                ["redirect_uri"] = redirectUri,
                ["code_verifier"] = verifier,
            },
            "1"
        );
        var second = await TokensAsync(
            identity,
            new()
            {
                ["grant_type"] = "refresh_token",
                ["refresh_token"] = first.GetProperty("refresh_token").GetString()!,
            },
            "2"
        );
        var bearer = new AuthenticationHeaderValue("Bearer", second.GetProperty("access_token").GetString());
        using var api = app.Client("api");
        (api.DefaultRequestHeaders.Authorization, identity.DefaultRequestHeaders.Authorization) = (bearer, bearer);
        (await api.GetAsync("/api/v1/notes", Cancellation)).EnsureSuccessStatusCode();
        (await identity.GetAsync("/connect/userinfo", Cancellation)).EnsureSuccessStatusCode();
        identity.DefaultRequestHeaders.Authorization = null;
        using var reused = await identity.PostAsync(
            "/connect/token",
            new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["client_id"] = "lightning-public",
                    ["grant_type"] = "refresh_token",
                    ["refresh_token"] = first.GetProperty("refresh_token").GetString()!,
                }
            ),
            Cancellation
        );
        reused.IsSuccessStatusCode.ShouldBeFalse();
    }

    async Task<JsonElement> TokensAsync(HttpClient identity, Dictionary<string, string> parameters, string turn)
    {
        parameters["client_id"] = "lightning-public";
        using var response = await identity.PostAsync(
            "/connect/token",
            new FormUrlEncodedContent(parameters),
            Cancellation
        );
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        response.IsSuccessStatusCode.ShouldBeTrue(answer.ToString());
        foreach (var token in new[] { "access_token", "refresh_token", "id_token" })
            if (answer.TryGetProperty(token, out var value))
                secrets[$"{token} {turn}"] = value.GetString()!;
        return answer;
    }

    /// <summary>The secrets in a URL: codes, and tokens of mailed links.</summary>
    void Keep(IRequest request)
    {
        var query = HttpUtility.ParseQueryString(new Uri(request.Url).Query);
        if (query["code"] is { } code)
            secrets[$"code {secrets.Count}"] = code;
        if (query["token"] is { } token)
            secrets[$"token of a link {secrets.Count}"] = token;
    }

    async Task KeepCookiesAsync(IBrowserContext context)
    {
        foreach (var cookie in await context.CookiesAsync())
            if (cookie.HttpOnly && cookie.Value.Length >= 16)
                secrets[$"cookie {cookie.Name} {secrets.Count}"] = cookie.Value;
    }

    static async Task ReadAsync(IResponse response, ConcurrentBag<(string Url, string Text)> answers)
    {
        if (response.Status is >= 300 and < 400)
            return;
        try
        {
            answers.Add((response.Url, await response.TextAsync()));
        }
        catch (PlaywrightException)
        {
            // The page navigated before the body arrived.
        }
    }

    static async Task<JsonElement> FetchAsync(IPage page, string path) =>
        await page.EvaluateAsync<JsonElement>(
            "async path => (await fetch(path, { headers: { 'X-CSRF': '1' } })).json()",
            path
        );

    /// <summary>
    /// Waits for the last telemetry, so that missing data was not sent. The known texts prove that the search works.
    /// </summary>
    async Task WaitForTelemetryAsync(string userId)
    {
        (string Signal, string Text)[] last =
        [
            ("/v1/logs", userId),
            ("/v1/logs", "signed-out: user"),
            ("/v1/traces", "/connect/endsession"),
            ("/v1/metrics", "http.server.request.duration"),
        ];
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        for (var deadline = DateTime.UtcNow.AddSeconds(60); ; )
        {
            var missing = last.Where(sent => !app.Traces.SignalsWith(sent.Text).Contains(sent.Signal)).ToArray();
            if (missing.Length == 0)
                return;
            DateTime.UtcNow.ShouldBeLessThan(deadline, $"never sent: {string.Join(", ", missing)}");
            await poll.WaitForNextTickAsync(Cancellation);
        }
    }

    static async Task<IReadOnlyDictionary<string, string>> DumpAsync(NpgsqlDataSource source)
    {
        var names = new List<string>();
        await using (
            var list = source.CreateCommand(
                """
                SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
                    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
                """
            )
        )
        await using (var rows = await list.ExecuteReaderAsync(Cancellation))
            while (await rows.ReadAsync(Cancellation))
                names.Add(rows.GetString(0));
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        foreach (var name in names)
        {
            using var copy = await connection.BeginTextExportAsync($"COPY {name} TO STDOUT", Cancellation);
            tables[name] = await copy.ReadToEndAsync(Cancellation);
        }
        return tables;
    }
}
