using Lightning.Data;
using Lightning.Data.Audit;
using Lightning.Data.Users;
using Microsoft.EntityFrameworkCore;

namespace Lightning.Admin.Tests.Library;

public enum Genre
{
    Novel,
    Poem,
    ShortStory,
}

/// <summary>Has a composite key.</summary>
[Audited("shelf")]
public sealed class Shelf
{
    public required string Room { get; init; }

    public required int Number { get; init; }

    public string? Label { get; set; }
}

/// <summary>Has a self-reference and a many-to-many relation with the books it translated.</summary>
[Audited("author")]
public sealed class Author
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string Name { get; set; }

    public bool IsHidden { get; set; }

    public Guid? MentorId { get; set; }

    public Author? Mentor { get; set; }

    public List<Book> Books { get; init; } = [];

    public List<Book> Translated { get; init; } = [];
}

/// <summary>An owned type in the book's table.</summary>
public sealed class Origin
{
    public string? City { get; set; }

    public int? Year { get; set; }
}

/// <summary>An owned type in a JSON column.</summary>
public sealed class Dedication
{
    public string? To { get; set; }
}

/// <summary>Has every kind of nullable column, and soft delete.</summary>
[Audited("book")]
public sealed class Book
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string Title { get; set; }

    public Genre Genre { get; set; }

    public Genre? SecondGenre { get; set; }

    public string? Subtitle { get; set; }

    public decimal? Price { get; set; }

    public int? Pages { get; set; }

    public bool? IsLent { get; set; }

    public bool IsNew { get; set; }

    public DateOnly? PublishedOn { get; set; }

    public DateTimeOffset? ReadAt { get; set; }

    public string[] Keywords { get; set; } = [];

    public string? Extra { get; set; }

    public Origin? Origin { get; set; }

    public Dedication? Dedication { get; set; }

    public Guid AuthorId { get; set; }

    public Author? Author { get; set; }

    public string? ShelfRoom { get; set; }

    public int? ShelfNumber { get; set; }

    public Shelf? Shelf { get; set; }

    public List<Tag> Tags { get; init; } = [];

    public List<Author> Translators { get; init; } = [];

    public List<Review> Reviews { get; init; } = [];

    public bool IsRestricted { get; set; }

    public string? Secret { get; set; }

    public DateTimeOffset? DeletedAt { get; set; }
}

[Audited("review")]
public sealed class Review
{
    public required Guid BookId { get; init; }

    public required int Number { get; init; }

    public Book? Book { get; init; }

    public required string Text { get; set; }
}

public sealed class Tag
{
    public int Id { get; init; }

    public required string Name { get; set; }

    public List<Book> Books { get; init; } = [];
}

/// <summary>Has two join tables: one refers to a stamp's primary key, the other to its alternate key.</summary>
[Audited("stamp")]
public sealed class Stamp
{
    public int Id { get; init; }

    public required string Ink { get; set; }

    [AuditRedacted]
    public List<Mark> Marks { get; init; } = [];

    public List<Mark> Numbered { get; init; } = [];
}

/// <summary>Has a text key and a numeric alternate key.</summary>
public sealed class Mark
{
    public required string Id { get; init; }

    public required int Number { get; init; }

    public required string Name { get; set; }

    public List<Stamp> Stamps { get; init; } = [];
}

public sealed class LibraryDb(DbContextOptions<LibraryDb> options) : DbContext(options)
{
    public DbSet<Book> Books => Set<Book>();

    public DbSet<Author> Authors => Set<Author>();

    public DbSet<Shelf> Shelves => Set<Shelf>();

    public DbSet<Review> Reviews => Set<Review>();

    public DbSet<Tag> Tags => Set<Tag>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("library");
        modelBuilder.Entity<Shelf>(shelf =>
        {
            shelf.HasKey(row => new { row.Room, row.Number });
            shelf.Property(row => row.Room).HasMaxLength(40);
            shelf.Property(row => row.Label).HasMaxLength(40);
            shelf.HasIndex(row => row.Label).IsUnique();
        });
        modelBuilder.Entity<Author>(author =>
        {
            author.Property(row => row.Name).HasMaxLength(100);
            author
                .HasOne(row => row.Mentor)
                .WithMany()
                .HasForeignKey(row => row.MentorId)
                .OnDelete(DeleteBehavior.SetNull);
        });
        modelBuilder.Entity<Book>(book =>
        {
            book.Property(row => row.Title).HasMaxLength(200);
            book.Property(row => row.Subtitle).HasMaxLength(200);
            book.Property(row => row.Genre).HasConversion<string>().HasMaxLength(20);
            book.Property(row => row.Extra).HasColumnType("jsonb");
            book.OwnsOne(row => row.Origin);
            book.OwnsOne(row => row.Dedication, owned => owned.ToJson());
            book.HasOne(row => row.Author)
                .WithMany(row => row.Books)
                .HasForeignKey(row => row.AuthorId)
                .OnDelete(DeleteBehavior.Restrict);
            book.HasOne(row => row.Shelf)
                .WithMany()
                .HasForeignKey(row => new { row.ShelfRoom, row.ShelfNumber })
                .OnDelete(DeleteBehavior.SetNull);
            book.HasMany(row => row.Tags).WithMany(row => row.Books);
            book.HasMany(row => row.Translators).WithMany(row => row.Translated);
            book.HasIndex(row => row.Title);
        });
        modelBuilder.Entity<Review>(review =>
        {
            review.HasKey(row => new { row.BookId, row.Number });
            review
                .HasOne(row => row.Book)
                .WithMany(row => row.Reviews)
                .HasForeignKey(row => row.BookId)
                .OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<Stamp>(stamp =>
        {
            stamp.ToTable("stamps");
            stamp
                .HasMany(row => row.Marks)
                .WithMany(row => row.Stamps)
                .UsingEntity(
                    right => right.HasOne(typeof(Mark)).WithMany().OnDelete(DeleteBehavior.Restrict),
                    left => left.HasOne(typeof(Stamp)).WithMany()
                );
            stamp
                .HasMany(row => row.Numbered)
                .WithMany()
                .UsingEntity(
                    "Numbered",
                    right =>
                        right
                            .HasOne(typeof(Mark))
                            .WithMany()
                            .HasForeignKey("MarkNumber")
                            .HasPrincipalKey(nameof(Mark.Number)),
                    left => left.HasOne(typeof(Stamp)).WithMany().HasForeignKey("StampId")
                );
        });
        modelBuilder.Entity<Mark>().ToTable("marks");
        // The product's own tables already exist.
        modelBuilder.ApplyConfigurationsFromAssembly(
            typeof(LightningDb).Assembly,
            type => type.Name is "AuditTable" or "UserTable"
        );
        modelBuilder.Entity<AuditEntry>().ToTable("entries", "audit", table => table.ExcludeFromMigrations());
        modelBuilder.Entity<User>().ToTable("users", "app", table => table.ExcludeFromMigrations());
    }
}
