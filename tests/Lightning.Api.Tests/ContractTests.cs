using System.Net;
using System.Text;
using Lightning.Testing;
using Npgsql;

namespace Lightning.Api.Tests;

/// <summary>An API on a socket, and variants that are broken.</summary>
public sealed class ApisUnderContract(PostgresServer server) : IAsyncLifetime
{
    /// <summary>A working API.</summary>
    public ApiUnderTest Whole { get; } = new(server) { IsOnSocket = true };

    /// <summary>An API without a database.</summary>
    public ApiUnderTest Cut { get; } =
        new(server)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["ConnectionStrings:lightning"] = "Host=127.0.0.1;Port=1;Username=nobody;Password=none;Database=none",
            },
        };

    /// <summary>An API with a low limit for invalid tokens.</summary>
    public ApiUnderTest Crowded { get; } =
        new(server)
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Sessions:UnknownPerMinute"] = "10" },
        };

    /// <summary>A user with notes and a user with whom they are shared.</summary>
    public (Person Owner, Person Reader) People { get; private set; }

    public async ValueTask InitializeAsync()
    {
        await Whole.InitializeAsync();
        await Cut.InitializeAsync();
        await Crowded.InitializeAsync();
        People = (await Whole.SignInAsync("owner"), await Whole.SignInAsync("reader"));
    }

    public async ValueTask DisposeAsync()
    {
        await Whole.DisposeAsync();
        await Cut.DisposeAsync();
        await Crowded.DisposeAsync();
    }
}

/// <summary>
/// Produces each documented status code of each operation.
/// </summary>
public class ContractTests(ApisUnderContract apis) : IClassFixture<ApisUnderContract>
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>How to produce each status code.</summary>
    static readonly Dictionary<int, Func<Attempt, Task<HttpResponseMessage>>> Ways = new()
    {
        [200] = attempt => attempt.SendAsync(),
        [201] = attempt => attempt.SendAsync(),
        [204] = attempt => attempt.SendAsync(),
        [304] = attempt => attempt.SendAsync(request => request.Headers.TryAddWithoutValidation("If-None-Match", "*")),
        [400] = attempt =>
            attempt.SendAsync(request =>
                request.RequestUri = new Uri(
                    $"{request.RequestUri!.OriginalString.Split('?')[0]}?nonsense=1",
                    UriKind.Relative
                )
            ),
        [401] = attempt => attempt.SendAsync(by: attempt.Api.Anonymous()),
        [403] = attempt =>
            attempt.SendAsync(
                by: attempt.Api.With(
                    ApiUnderTest.Token(
                        attempt.Owner.User,
                        attempt.Owner.Session,
                        token => token.Claims["scope"] = "openid"
                    )
                )
            ),
        [404] = attempt =>
            attempt.SendAsync(request =>
                request.RequestUri = new Uri(
                    attempt.Name is "ListNotes" or "CreateNote" or "ListTrash"
                        ? $"{request.RequestUri!.OriginalString.Split('?')[0]}?organization={Guid.NewGuid()}"
                        : Missing(request.RequestUri!.OriginalString),
                    UriKind.Relative
                )
            ),
        [409] = async attempt =>
        {
            if (attempt.Name is "UpdateOrganization" or "UpdateMember" or "RemoveMember")
                return await attempt.ConflictingAsync();
            (await attempt.SendAsync()).EnsureSuccessStatusCode();
            return await attempt.SendAsync();
        },
        [412] = attempt =>
            attempt.Name == "ArchiveNotes"
                ? attempt.OvertakenAsync()
                : attempt.SendAsync(
                    request => request.Headers.TryAddWithoutValidation("If-Match", "\"0\""),
                    ifMatch: null
                ),
        // Expect: 100-continue, because the server closes the connection while the body is being sent.
        [413] = attempt =>
            attempt.SendAsync(request =>
            {
                request.Headers.ExpectContinue = true;
                request.Content = new ByteArrayContent(new byte[1024 * 1024 + 1])
                {
                    Headers = { ContentType = new("application/json") },
                };
            }),
        [415] = attempt =>
            attempt.SendAsync(request => request.Content = new StringContent("<a/>", Encoding.UTF8, "text/xml")),
        [422] = async attempt =>
        {
            (
                await attempt.SendAsync(request => request.Headers.Add("Idempotency-Key", attempt.Key))
            ).EnsureSuccessStatusCode();
            return await attempt.SendAsync(request =>
            {
                request.Headers.Add("Idempotency-Key", attempt.Key);
                request.Content = new StringContent($"{attempt.Body} ", Encoding.UTF8, "application/json");
            });
        },
        [428] = attempt => attempt.SendAsync(ifMatch: null),
        [429] = async attempt =>
        {
            for (var tries = 0; ; tries++)
                if (
                    await attempt.SendAsync(by: attempt.Crowded.With($"made.up.{tries}")) is var response
                    && (response.StatusCode != HttpStatusCode.Unauthorized || tries == 20)
                )
                    return response;
        },
        [503] = attempt =>
            attempt.SendAsync(by: attempt.Cut.With(ApiUnderTest.Token(attempt.Owner.User, attempt.Owner.Session))),
    };

    public static TheoryData<string> Names => [.. Contract.OfTheApi.Operations.Select(operation => operation.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Operation_can_return_each_documented_status(string name)
    {
        foreach (var status in Contract.OfTheApi.Operations.Single(operation => operation.Name == name).Statuses)
        {
            Ways.Keys.ShouldContain(status, $"{name}: no request is known that produces it");
            using var response = await Ways[status](await Attempt.BeginAsync(apis, name));
            ((int)response.StatusCode).ShouldBe(status, name);
        }
    }

    static string Missing(string path) =>
        System.Text.RegularExpressions.Regex.Replace(path, "[0-9a-f-]{36}", Guid.NewGuid().ToString());

    /// <summary>One call of an operation, with its own note, share and users.</summary>
    sealed class Attempt(ApisUnderContract apis, string name, Person owner, Person caller, Scene scene)
    {
        public string Name => name;

        public string Key { get; } = $"{Guid.NewGuid()}";

        public ApiUnderTest Api => apis.Whole;

        public ApiUnderTest Cut => apis.Cut;

        public ApiUnderTest Crowded => apis.Crowded;

        public Person Owner => owner;

        public string? Body => MatrixTests.Rows[name].Body is { } body ? scene.Fill(body) : null;

        public static async Task<Attempt> BeginAsync(ApisUnderContract apis, string name)
        {
            // A user that is deleted cannot be shared between attempts.
            var removes =
                MatrixTests.Rows[name] is { Method: "DELETE", Path: var path }
                && path.Contains("{user}", StringComparison.Ordinal);
            var owner = removes ? await apis.Whole.SignInAsync("owner") : apis.People.Owner;
            var scene = await Scene.BeginAsync(apis.Whole, MatrixTests.Rows[name], owner, apis.People.Reader);
            return new Attempt(
                apis,
                name,
                owner,
                removes ? await apis.Whole.SignInAsync("admin", isAdmin: true) : owner,
                scene
            );
        }

        public async Task<HttpResponseMessage> SendAsync(
            Action<HttpRequestMessage>? change = null,
            HttpClient? by = null,
            string? ifMatch = "*"
        )
        {
            var row = MatrixTests.Rows[name];
            using var request = new HttpRequestMessage(new(row.Method), scene.Fill(row.Path));
            if (Body is not null)
                request.Content = new StringContent(Body, Encoding.UTF8, "application/json");
            if (ifMatch is not null)
                request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            change?.Invoke(request);
            return await (by ?? caller.Client).SendAsync(
                request,
                HttpCompletionOption.ResponseHeadersRead,
                Cancellation
            );
        }

        /// <summary>Takes the slug of another organization, or the last owner away.</summary>
        public async Task<HttpResponseMessage> ConflictingAsync()
        {
            var organization = scene.Ids["organization"];
            if (name == "UpdateOrganization")
            {
                var other = await owner.ReadAsync(
                    $"/api/v1/organizations/{await owner.CreateOrganizationAsync("Other")}"
                );
                return await owner.PutAsync(
                    $"/api/v1/organizations/{organization}",
                    new { name = "Matrix", slug = other.GetProperty("slug").GetString() }
                );
            }
            var membership = $"/api/v1/members/{await owner.MembershipAsync(organization)}";
            return name == "UpdateMember"
                ? await owner.PutAsync(membership, new { role = "member" })
                : await owner.DeleteAsync(membership);
        }

        /// <summary>
        /// A concurrent write that starts before this one reads and commits before this one writes.
        /// </summary>
        public async Task<HttpResponseMessage> OvertakenAsync()
        {
            await using var other = new NpgsqlConnection(apis.Whole.Database.ConnectionString);
            await other.OpenAsync(Cancellation);
            await using var writing = await other.BeginTransactionAsync(Cancellation);
            await using (
                var write = new NpgsqlCommand(
                    $"UPDATE app.notes SET title = 'Overtaken' WHERE id = '{scene.Ids["note"]}'",
                    other
                )
            )
                await write.ExecuteNonQueryAsync(Cancellation);
            var response = SendAsync();
            await Wait.UntilAsync(async () =>
                (bool)
                    (
                        await apis.Whole.Database.ExecuteAsync(
                            """
                            SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                                AND wait_event_type = 'Lock')
                            """
                        )
                    )!
            );
            await writing.CommitAsync(Cancellation);
            return await response;
        }
    }
}
