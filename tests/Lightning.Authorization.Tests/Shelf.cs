using Lightning.Testing;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Authorization.Tests;

/// <summary>A test model with values that memory and SQL may treat differently.</summary>
sealed class Shelf(DbContextOptions<Shelf> options) : DbContext(options)
{
    public DbSet<Book> Books => Set<Book>();

    public static readonly Actor Ada = new(
        Guid.Parse("00000000-0000-7000-8000-00000000000a"),
        Guid.NewGuid(),
        IsAdmin: false,
        IsVerified: true
    );
    public static readonly Actor Bob = new(
        Guid.Parse("00000000-0000-7000-8000-00000000000b"),
        Guid.NewGuid(),
        IsAdmin: false,
        IsVerified: false
    );
    public static readonly Actor Root = new(
        Guid.Parse("00000000-0000-7000-8000-00000000000f"),
        Guid.NewGuid(),
        IsAdmin: true,
        IsVerified: true
    );

    public static readonly Actor Impersonated = Root with { UserId = Ada.UserId, ActedBy = Guid.NewGuid() };

    public static readonly Actor[] Actors = [Ada, Bob, Root];

    public static Shelf Connect(string connectionString) =>
        new(new DbContextOptionsBuilder<Shelf>().UseNpgsql(connectionString).Options);

    /// <summary>Creates the tables and fills them.</summary>
    /// <returns>The books.</returns>
    public static async Task<IReadOnlyList<Book>> FillAsync(TestDatabase database)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var shelf = Connect(database.ConnectionString);
        await shelf.Database.EnsureCreatedAsync(cancellation);
        var books = HostileBooks();
        shelf.AddRange(books);
        await shelf.SaveChangesAsync(cancellation);
        return books;
    }

    /// <summary>
    /// Rows with every combination of hostile values that rules read.
    /// </summary>
    static List<Book> HostileBooks()
    {
        var parents = new Book?[]
        {
            null,
            new() { OwnerId = Ada.UserId, Title = "Parent" },
            new() { OwnerId = Bob.UserId },
        };
        var loans = new Func<Loan[]>[]
        {
            () => [],
            () => [new() { UserId = Ada.UserId }],
            () =>
                [
                    new()
                    {
                        UserId = Ada.UserId,
                        CanEdit = true,
                        Level = 5,
                    },
                    new() { UserId = Bob.UserId, Level = 1 },
                ],
            () =>
                [
                    new()
                    {
                        UserId = Guid.Empty,
                        CanEdit = true,
                        Level = 3,
                    },
                ],
        };
        string?[] titles = [null, "", "%_\\", "Title", "title", "ſtitle İı\u0301"];
        int?[] numbers = [null, 3, 4];
        var books = new List<Book>(parents.OfType<Book>());
        var turn = 0;
        foreach (var title in titles)
        foreach (var number in numbers)
        foreach (var loan in loans)
        {
            var owner = new[] { Ada.UserId, Bob.UserId, Guid.Empty }[turn % 3];
            books.Add(
                new()
                {
                    OwnerId = owner,
                    Title = title,
                    Number = number,
                    Other = numbers[turn / 2 % 3],
                    Open = turn % 2 == 0,
                    Parent = parents[turn / 3 % 3],
                    Loans = [.. loan()],
                }
            );
            turn++;
        }
        return books;
    }
}

sealed class Book
{
    public Guid Id { get; init; } = Guid.CreateVersion7();
    public Guid OwnerId { get; init; }
    public string? Title { get; init; }
    public int? Number { get; init; }
    public int? Other { get; init; }
    public bool Open { get; init; }
    public Guid? ParentId { get; init; }
    public Book? Parent { get; init; }
    public List<Loan> Loans { get; init; } = [];
}

sealed class Loan
{
    public Guid Id { get; init; } = Guid.CreateVersion7();
    public Guid UserId { get; init; }
    public bool CanEdit { get; init; }
    public int? Level { get; init; }
}
