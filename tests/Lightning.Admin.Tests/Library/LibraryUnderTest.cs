using System.Security.Cryptography;
using Lightning.Admin.Engine;
using Lightning.Admin.Engine.FullText;
using Lightning.Admin.Engine.Operations;
using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;
using Lightning.Data.Audit;
using Lightning.Data.Sessions;
using Lightning.Data.Users;
using Lightning.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Lightning.Admin.Tests.Library;

/// <summary>
/// The admin engine with another model: books, authors and shelves. Sessions and users are the product's.
/// </summary>
public sealed class LibraryUnderTest(PostgresServer server) : IAsyncLifetime
{
    public const string Canary = "canary-secret";
    WebApplicationFactory<Program> factory = null!;

    public TestDatabase Database { get; private set; } = null!;

    public FakeProvider Provider { get; private set; } = null!;

    public Actor Root { get; private set; } = null!;

    /// <summary>The URL for a real browser.</summary>
    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => factory.Services;

    public AdminSite Site => Services.GetRequiredService<AdminSite>();

    public async ValueTask InitializeAsync()
    {
        Database = await server.CreateDatabaseAsync();
        Provider = await FakeProvider.StartAsync();
        await using (var db = Connect(Database.ConnectionString))
        {
            await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
            await Database.ExecuteAsync(
                """
                GRANT USAGE ON SCHEMA library TO lightning_admin;
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA library TO lightning_admin;
                GRANT USAGE ON ALL SEQUENCES IN SCHEMA library TO lightning_admin
                """
            );
            await FillAsync(db);
        }
        (factory, Address) = Start();
        Root = new(Guid.CreateVersion7(), Guid.NewGuid(), IsAdmin: true, IsVerified: true);
    }

    /// <summary>The same site with other settings; runs until disposed.</summary>
    public (IAsyncDisposable Held, Uri Address) StartBeside(params (string Key, string Value)[] settings) =>
        Start(settings);

    (WebApplicationFactory<Program> Factory, Uri Address) Start(params (string Key, string Value)[] settings)
    {
        var factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            foreach (
                var (key, value) in new[]
                {
                    ("ConnectionStrings:lightning", Database.ConnectionStringOf("admin")),
                    ("DataProtection:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))),
                    ("Oidc:Authority", Provider.Issuer),
                    ("Oidc:ClientId", FakeProvider.ClientId),
                    ("Oidc:ClientSecret", FakeProvider.ClientSecret),
                }.Concat(settings)
            )
                host.UseSetting(key, value);
            host.ConfigureLogging(logging => logging.ClearProviders());
            host.ConfigureTestServices(services =>
            {
                services.RemoveAll<Registration>();
                services.RemoveAll<ITextSearch>();
                services.AddRegistrations(typeof(LibraryUnderTest).Assembly);
                services.Remove(services.Single(service => service.ImplementationType == typeof(Guide.TicketAdmin)));
                services
                    .AddSingleton<Policy<Book>, BookPolicy>()
                    .AddSingleton<Policy<Author>, AuthorPolicy>()
                    .AddSingleton<Policy<Shelf>, ShelfPolicy>()
                    .AddSingleton<Policy<Review>, ReviewPolicy>()
                    .AddSingleton<Policy<Tag>, TagPolicy>()
                    .AddSingleton<Policy<Stamp>, StampPolicy>()
                    .AddSingleton<Policy<Mark>, MarkPolicy>();
                services.AddDbContext<LibraryDb>(
                    (provider, options) =>
                        options
                            .UseNpgsql(Database.ConnectionStringOf("admin"))
                            .UseSnakeCaseNamingConvention()
                            .AddInterceptors(provider.GetRequiredService<AuditInterceptor>())
                );
                services.RemoveAll<DbContext>();
                services.AddScoped<DbContext>(provider => provider.GetRequiredService<LibraryDb>());
            });
        });
        factory.UseKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        factory.StartServer();
        var addresses = factory
            .Services.GetRequiredService<IServer>()
            .Features.GetRequiredFeature<IServerAddressesFeature>();
        return (factory, new Uri($"http://localhost:{new Uri(addresses.Addresses.First()).Port}"));
    }

    public static LibraryDb Connect(string connectionString) =>
        new(
            new DbContextOptionsBuilder<LibraryDb>().UseNpgsql(connectionString).UseSnakeCaseNamingConvention().Options
        );

    /// <summary>The library's database context, as database owner.</summary>
    public LibraryDb Connect() => Connect(Database.ConnectionString);

    /// <summary>The rows of a list for an actor, with an audited context.</summary>
    public OpenRows Open(string slug, Actor? actor = null) => new(this, slug, actor ?? Root);

    /// <summary>A signed-in browser.</summary>
    public async Task<(User User, Session Session, Lightning.Testing.Browser Browser)> SignInAsync(
        bool isAdmin,
        Uri? at = null
    )
    {
        var id = Guid.CreateVersion7();
        var user = new User
        {
            Id = id,
            Issuer = Provider.Issuer,
            Subject = id.ToString(),
            Email = $"{id:N}@example.com",
            Name = "Ada",
            IsAdmin = isAdmin,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        await using var db = Database.Connect();
        db.Users.Add(user);
        var session = await db.AddSessionAsync(user);
        (Provider.Subject, Provider.Sid) = (user.Id, session.Id);
        var browser = new Lightning.Testing.Browser(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false },
            at ?? Address
        );
        using var page = await browser.FollowAsync("/login");
        browser.Cookie(AdminUnderTest.SessionCookie).ShouldNotBeNull();
        return (user, session, browser);
    }

    /// <summary>Seeds rows that vary in every respect, some of them unreadable for administrators.</summary>
    static async Task FillAsync(LibraryDb db)
    {
        var authors = new[] { "Ada", "ada", "Grace %_\\", "<script>alert(1)</script>", "Anonymous" }
            .Select(name => new Author { Name = name })
            .ToList();
        authors[1].MentorId = authors[0].Id;
        var hidden = new Author { Name = "Hidden Hand", IsHidden = true };
        authors[2].MentorId = hidden.Id;
        db.Authors.AddRange([.. authors, hidden]);
        var shelves = new[]
        {
            new Shelf
            {
                Room = "A/B ~,-",
                Number = 1,
                Label = "East",
            },
            new Shelf { Room = "-", Number = 2 },
            new Shelf
            {
                Room = "",
                Number = 3,
                Label = "",
            },
        };
        db.Shelves.AddRange(shelves);
        var titles = new[]
        {
            "",
            "%_\\",
            "Case",
            "case",
            "<script>alert(2)</script>",
            "=1+1",
            "+cmd",
            "@sum",
            "-2",
            "\tTab",
            "'quoted",
            "Love and letters",
            "Letters of love",
            "Ümläut 😀",
            "comma, \"quote\"\nline",
        };
        for (var i = 0; i < 60; i++)
        {
            var book = new Book
            {
                Title = titles[i % titles.Length],
                Genre = (Genre)(i % 3),
                SecondGenre = i % 2 == 0 ? null : (Genre)(i % 3),
                Subtitle =
                    i % 5 == 0 ? null
                    : i % 5 == 1 ? ""
                    : $"Part {i}",
                Price = i % 3 == 0 ? null : i - 30.5m,
                Pages = i % 4 == 0 ? null : i % 7,
                IsLent = i % 3 == 0 ? null : i % 2 == 0,
                IsNew = i % 2 == 0,
                PublishedOn = i % 4 == 1 ? null : new DateOnly(2020 + (i % 3), 1 + (i % 12), 1 + (i % 28)),
                ReadAt =
                    i % 3 == 1
                        ? null
                        : new DateTimeOffset(2024 + (i % 2), 1 + (i % 12), 15, 12, 0, 0, TimeSpan.Zero).AddTicks(
                            10 * i
                        ),
                Keywords = i % 2 == 0 ? [] : ["one", "two"],
                Extra = i % 2 == 0 ? null : """{"a": [1, "=x"]}""",
                Origin = i % 2 == 0 ? null : new Origin { City = $"City {i % 4}", Year = 1900 + i },
                Dedication = i % 4 == 0 ? new Dedication { To = "Mum" } : null,
                AuthorId = i % 11 == 10 ? hidden.Id : authors[i % authors.Count].Id,
                Secret = Canary,
                IsRestricted = i % 10 == 9,
            };
            if (i % 3 != 2)
                (book.ShelfRoom, book.ShelfNumber) = (shelves[i % 3].Room, shelves[i % 3].Number);
            for (var number = 1; number <= i % 3; number++)
                book.Reviews.Add(
                    new Review
                    {
                        BookId = book.Id,
                        Number = number,
                        Text = $"Review {number} of {i}",
                    }
                );
            db.Books.Add(book);
        }
        db.Tags.Add(new Tag { Name = "Tag" });
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await factory.DisposeAsync();
        await Provider.DisposeAsync();
        await Database.DisposeAsync();
    }
}

/// <summary>The rows of a list for one actor.</summary>
public sealed class OpenRows : IAsyncDisposable
{
    readonly AsyncServiceScope scope;

    internal OpenRows(LibraryUnderTest library, string slug, Actor actor)
    {
        scope = library.Services.CreateAsyncScope();
        // Audit entries need the actor of a request; this replaces the request.
        library.Services.GetRequiredService<Microsoft.AspNetCore.Http.IHttpContextAccessor>().HttpContext =
            new Microsoft.AspNetCore.Http.DefaultHttpContext
            {
                RequestServices = new OneActor(scope.ServiceProvider, actor),
            };
        Rows = library
            .Site.Find(slug)!
            .Open(
                new AdminRequest(
                    library.Site,
                    scope.ServiceProvider.GetRequiredService<DbContext>(),
                    actor,
                    TimeProvider.System
                )
            );
    }

    internal Rows Rows { get; }

    public ValueTask DisposeAsync() => scope.DisposeAsync();

    sealed class OneActor(IServiceProvider services, Actor actor) : IServiceProvider
    {
        public object? GetService(Type serviceType) =>
            serviceType == typeof(Actor) ? actor : services.GetService(serviceType);
    }
}
