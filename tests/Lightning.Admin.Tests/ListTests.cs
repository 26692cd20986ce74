using Lightning.Admin.Audit;
using Lightning.Admin.Engine;
using Lightning.Admin.Engine.Audit;
using Lightning.Admin.Engine.Lists;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Admin.Engine.Validation;
using Lightning.Authorization;
using Lightning.Data;
using Lightning.Data.Accounts;
using Lightning.Data.Audit;
using Lightning.Data.Keys;
using Lightning.Data.Notes;
using Lightning.Data.Organizations;
using Lightning.Sessions.Model;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Lightning.Admin.Tests;

/// <summary>The product's lists, read with the site's own database role.</summary>
public sealed class ListTests(PostgresServer server) : IAsyncLifetime
{
    static readonly Actor Root = new(Guid.NewGuid(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);
    static readonly Actor Nobody = Root with { IsAdmin = false };
    TestDatabase database = null!;
    ServiceProvider services = null!;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await FillAsync();
        services = SiteOf(database.ConnectionStringOf("admin"));
    }

    [Fact]
    public void Registrations_are_valid()
    {
        using var scope = services.CreateScope();
        RegistrationValidator
            .Errors(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>())
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Lists_return_rows_to_administrators_only()
    {
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        site.Registrations.Select(registration => registration.Title)
            .ShouldBe([
                "Accounts",
                "Audit entries",
                "Invitations",
                "Members",
                "Notes",
                "Organizations",
                "Sessions",
                "Shares",
                "Signing keys",
                "Unsent messages",
                "Users",
            ]);
        foreach (var registration in site.Registrations)
        {
            var page = await Open(scope, registration, Root).ListAsync(new ListState(), Cancellation);
            page.Rows.ShouldNotBeEmpty(registration.Title);
            page.Rows[0].Cells.Count.ShouldBe(registration.Columns.Count);
            (await Open(scope, registration, Root).FindAsync(page.Rows[0].Key, Cancellation))
                .ShouldNotBeNull(registration.Title)
                .Facts.ShouldNotBeEmpty();
            (await Open(scope, registration, Nobody).ListAsync(new ListState(), Cancellation)).Rows.ShouldBeEmpty(
                registration.Title
            );
            (await Open(scope, registration, Nobody).FindAsync(page.Rows[0].Key, Cancellation)).ShouldBeNull();
            (await Open(scope, registration, Nobody).CountAsync(new ListState(), Cancellation)).Rows.ShouldBe(0);
            foreach (var filter in registration.Filters)
                await Open(scope, registration, Root).FacetsAsync(new ListState(), filter, Cancellation);
            if (registration.IsSearchable)
                (await Open(scope, registration, Root).Lookup.PickAsync("ada", 5, Cancellation)).ShouldNotBeNull();
            foreach (var column in registration.Columns.Where(registration.IsSortable))
                (
                    await Open(scope, registration, Root)
                        .ListAsync(new ListState { Sort = [new(column.Name, true)] }, Cancellation)
                ).Rows.ShouldNotBeEmpty();
        }
    }

    /// <summary>
    /// The initial list is compiled for its first viewer. With explicit columns the result is the same but not
    /// compiled.
    /// </summary>
    [Fact]
    public async Task Compiled_list_returns_each_actors_own_rows()
    {
        await using (var db = database.Connect())
        {
            var bob = await db.AddUserAsync("bob");
            db.Notes.Add(
                new Note
                {
                    OwnerId = bob.Id,
                    Title = "Bob's",
                    Body = "",
                    CreatedAt = bob.CreatedAt,
                    UpdatedAt = bob.CreatedAt,
                }
            );
            await db.SaveChangesAsync(Cancellation);
        }
        using var scope = services.CreateScope();
        var site = services.GetRequiredService<AdminSite>();
        var users = await scope
            .ServiceProvider.GetRequiredService<DbContext>()
            .Set<Data.Users.User>()
            .ToListAsync(Cancellation);
        var people = users
            .Select(user => new Actor(user.Id, Guid.NewGuid(), IsAdmin: false, user.EmailVerified))
            .ToList();
        var partial = 0;
        foreach (var registration in site.Registrations)
        foreach (
            var actor in (Actor[])[.. people, Root, .. people.Select(one => one with { ActedBy = Root.UserId }), Nobody]
        )
        {
            var byName = new ListState { Columns = [.. registration.Columns.Select(column => column.Name)] };
            var (opened, named) = (
                await Open(scope, registration, actor).ListAsync(new ListState(), Cancellation),
                await Open(scope, registration, actor).ListAsync(byName, Cancellation)
            );
            Told(opened).ShouldBe(Told(named), $"{registration.Title} {actor}");
            opened.Next.ShouldBe(named.Next);
            var count = await Open(scope, registration, actor).CountAsync(new ListState(), Cancellation);
            count.ShouldBe(await Open(scope, registration, actor).CountAsync(byName, Cancellation));
            if (!actor.IsAdmin && count.Rows > 0)
                partial++;
        }
        partial.ShouldBeGreaterThan(0);
        site.Queries.Count.ShouldBeGreaterThanOrEqualTo(2 * site.Registrations.Count);

        static List<string> Told(ListPage page) =>
            [
                .. page.Rows.Select(row =>
                    $"{row.Key} {row.MayUpdate} {row.MayDelete} "
                    + $"{string.Join('|', row.Cells.Select(cell => $"{cell.Text} {cell.Link}"))}"
                ),
            ];
    }

    [Fact]
    public async Task Registrations_show_no_credentials_or_keys()
    {
        await database.ExecuteAsync(
            """
            UPDATE identity.accounts SET password_hash = 'canary-password', security_stamp = 'canary-stamp',
                totp_key = 'canary-totp';
            UPDATE identity.outbox SET payload = 'canary-payload';
            UPDATE identity.signing_keys SET private_key = 'canary-private';
            """
        );
        using var scope = services.CreateScope();
        foreach (var registration in services.GetRequiredService<AdminSite>().Registrations)
        {
            registration.Fields.ShouldAllBe(use => use.Field.Type != typeof(byte[]));
            var rows = Open(scope, registration, Root);
            await foreach (var row in rows.StreamAsync(new ListState(), Cancellation))
                string.Join(' ', row).ShouldNotContain("canary");
        }
        // The database role cannot read them either.
        foreach (
            var secret in new[]
            {
                "password_hash FROM identity.accounts",
                "totp_key FROM identity.accounts",
                "private_key FROM identity.signing_keys",
                "token_hash FROM identity.refresh_tokens",
                "code_hash FROM identity.account_recovery_codes",
                "payload FROM identity.waiting_messages",
            }
        )
        {
            await using var connection = new Npgsql.NpgsqlConnection(database.ConnectionStringOf("admin"));
            await connection.OpenAsync(Cancellation);
            await using var command = new Npgsql.NpgsqlCommand($"SELECT {secret}", connection);
            (
                await Should.ThrowAsync<Npgsql.PostgresException>(() => command.ExecuteScalarAsync(Cancellation))
            ).SqlState.ShouldBeOneOf("42501", "42703");
        }
    }

    [Fact]
    public async Task List_pages_forward_and_back_without_gaps()
    {
        await using (var db = database.Connect())
        {
            var user = await db.Users.SingleAsync(user => user.Email == "ada@example.com", Cancellation);
            for (var number = 1; number < 120; number++)
            {
                var at = user.CreatedAt.AddSeconds(number);
                db.Notes.Add(
                    new Note
                    {
                        Id = Guid.CreateVersion7(at),
                        OwnerId = user.Id,
                        Title = $"Note {number}",
                        Body = "",
                        CreatedAt = at,
                        UpdatedAt = at.AddDays(-number / 3),
                    }
                );
            }
            await db.SaveChangesAsync(Cancellation);
        }
        using var scope = services.CreateScope();
        var notes = services.GetRequiredService<AdminSite>().Find("notes")!;
        foreach (
            var sort in new SortBy[][]
            {
                [],
                [new("updatedAt", true)],
                [new("updatedAt", false)],
                [new("createdAt", false)],
            }
        )
        {
            var (there, back, state) = (new List<string>(), new List<string>(), new ListState { Sort = sort });
            ListPage page;
            string? last = null;
            do
            {
                page = await Open(scope, notes, Root).ListAsync(state with { Cursor = last }, Cancellation);
                there.AddRange(page.Rows.Select(row => row.Key));
                last = page.Next;
            } while (last is not null);
            there.Distinct().Count().ShouldBe(120);
            back.AddRange(page.Rows.Select(row => row.Key).Reverse());
            for (var previous = page.Previous; previous is not null; previous = page.Previous)
            {
                page = await Open(scope, notes, Root).ListAsync(state with { Cursor = previous }, Cancellation);
                back.AddRange(page.Rows.Select(row => row.Key).Reverse());
            }
            back.Reverse();
            back.ShouldBe(there);
        }
    }

    [Fact]
    public async Task Search_of_large_tables_uses_the_named_indexes()
    {
        using var scope = services.CreateScope();
        foreach (
            var registration in services
                .GetRequiredService<AdminSite>()
                .Registrations.Where(registration => registration is { IsSearchable: true, SearchIndex: not null })
        )
            (
                await database.ExecuteAsync(
                    $"""
                    SELECT count(*) FROM pg_indexes
                        WHERE indexname = '{registration.SearchIndex}'
                        AND tablename = '{registration.Table.GetTableName()}'
                    """
                )
            ).ShouldBe(1L, registration.SearchIndex);
        foreach (
            var (slug, index) in new[]
            {
                ("users", "ix_users_words"),
                ("accounts", "ix_accounts_words"),
                ("notes", "ix_notes_words"),
                ("shares", "ix_note_shares_words"),
            }
        )
        {
            var sql = await services
                .GetRequiredService<AdminSite>()
                .Find(slug)!
                .Open(
                    new(
                        services.GetRequiredService<AdminSite>(),
                        scope.ServiceProvider.GetRequiredService<DbContext>(),
                        Root,
                        TimeProvider.System
                    )
                )
                .Lookup.SearchSqlAsync("nobody", Cancellation);
            // With sequential scans disabled the planner uses the index whenever it can.
            (await PlanAsync(sql)).ShouldContain(index);
        }
    }

    [Theory]
    [InlineData("zoe")]
    [InlineData("example.org")]
    [InlineData("cosic")]
    [InlineData("Ćosić")]
    [InlineData("zoe.cosic@mail.exam")]
    [InlineData("<zoe.cosic@mail.example.org>")]
    [InlineData("\"mail.example\" zo")]
    [InlineData("cos - zoe")]
    public async Task Search_finds_any_part_of_an_address(string search)
    {
        await using (var db = database.Connect())
        {
            var zoe = new Data.Users.User
            {
                Id = Guid.NewGuid(),
                Issuer = "issuer",
                Subject = "zoe",
                Email = "zoe.cosic@mail.example.org",
                CreatedAt = DateTimeOffset.UnixEpoch,
            };
            var note = new Note
            {
                Owner = zoe,
                OwnerId = zoe.Id,
                Title = "Hers",
                Body = "",
                CreatedAt = zoe.CreatedAt,
                UpdatedAt = zoe.CreatedAt,
            };
            db.Add(note);
            db.Accounts.Add(
                new Account
                {
                    Id = zoe.Id,
                    UserName = zoe.Email,
                    Email = zoe.Email,
                }
            );
            db.NoteShares.Add(
                new NoteShare
                {
                    NoteId = (await db.Notes.SingleAsync(Cancellation)).Id,
                    Address = zoe.Email,
                    CanEdit = false,
                    CreatedAt = zoe.CreatedAt,
                }
            );
            await db.SaveChangesAsync(Cancellation);
        }
        using var scope = services.CreateScope();
        foreach (var slug in new[] { "users", "accounts", "notes", "shares" })
        {
            var registration = services.GetRequiredService<AdminSite>().Find(slug)!;
            var page = await Open(scope, registration, Root).ListAsync(new ListState { Search = search }, Cancellation);
            page.Rows.Count.ShouldBe(1, slug);
            page.SearchWarnings.ShouldBeEmpty();
        }
    }

    async Task<string> PlanAsync(string sql)
    {
        await using var db = database.ConnectAs("admin");
        await db.Database.OpenConnectionAsync(Cancellation);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        // ToQueryString() renders parameters as psql variables or comments; the only one here is the search.
        command.CommandText =
            $"SET enable_seqscan = off; SET enable_indexscan = off; EXPLAIN "
            + $"{string.Join('\n', sql.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal)))}";
        foreach (
            var name in System
                .Text.RegularExpressions.Regex.Matches(command.CommandText, "@[A-Za-z_0-9]+")
                .Select(match => match.Value)
                .Distinct()
        )
            command.Parameters.Add(
                new Npgsql.NpgsqlParameter(name[1..], NpgsqlTypes.NpgsqlDbType.Text) { Value = "nobody" }
            );
        var lines = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
            lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    internal static ServiceProvider SiteOf(string connectionString)
    {
        var builder = new ServiceCollection();
        builder.AddScoped(_ => LightningDbFactory.Connect(connectionString));
        builder.AddScoped<DbContext>(provider => provider.GetRequiredService<LightningDb>());
        builder.AddRegistrations(typeof(AdminAuditLog).Assembly);
        builder.AddPolicies(typeof(LightningDb).Assembly);
        builder.AddSingleton<AdminSite>().AddSingleton<IAuditLog, AdminAuditLog>();
        return builder.BuildServiceProvider();
    }

    Rows Open(IServiceScope scope, Registration registration, Actor actor) =>
        registration.Open(
            new(
                services.GetRequiredService<AdminSite>(),
                scope.ServiceProvider.GetRequiredService<DbContext>(),
                actor,
                TimeProvider.System
            )
        );

    async Task FillAsync()
    {
        await using var db = database.Connect();
        var user = await db.AddUserAsync("ada");
        var session = await db.AddSessionAsync(user);
        var now = user.CreatedAt;
        db.Accounts.Add(
            new Account
            {
                Id = user.Id,
                UserName = user.Email,
                Email = user.Email,
                Name = user.Name,
                CreatedAt = now,
            }
        );
        var note = new Note
        {
            Id = Guid.CreateVersion7(now),
            OwnerId = user.Id,
            Title = "Note 0",
            Body = "",
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Notes.Add(note);
        db.NoteShares.Add(
            new NoteShare
            {
                NoteId = note.Id,
                Address = "grace@example.com",
                CanEdit = false,
                CreatedAt = now,
            }
        );
        var organization = new Organization
        {
            Id = Guid.CreateVersion7(now),
            Slug = "acme",
            Name = "Acme",
            CreatedAt = now,
        };
        db.Organizations.Add(organization);
        db.Memberships.Add(
            new Membership
            {
                OrganizationId = organization.Id,
                UserId = user.Id,
                Role = OrganizationRole.Owner,
                CreatedAt = now,
            }
        );
        db.Invitations.Add(
            new Invitation
            {
                OrganizationId = organization.Id,
                Address = "grace@example.com",
                Role = OrganizationRole.Member,
                InvitedById = user.Id,
                CreatedAt = now,
                ExpiresAt = now + Invitation.Lifetime,
            }
        );
        db.SigningKeys.Add(
            new SigningKey
            {
                Id = "k1",
                Algorithm = "ES256",
                PrivateKey = [1],
                CreatedAt = now,
                SignsFrom = now,
                SuccessorDueAt = now,
            }
        );
        db.Outbox.Add(
            new OutboxMessage
            {
                Kind = OutboxMessage.Mail,
                Payload = [1],
                DueAt = now,
            }
        );
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = now,
                Action = "signed-in",
                UserId = user.Id,
                SessionId = session.Id,
                SubjectType = "account",
                SubjectId = user.Id.ToString(),
            }
        );
        await db.SaveChangesAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await database.DisposeAsync();
    }
}
