using Lightning.Authorization;

namespace Lightning.Admin.Tests.Library;

/// <summary>Some books are unreadable even for administrators, and one field for everyone.</summary>
public sealed class BookPolicy : Policy<Book>
{
    static readonly Rule<Book> Open = Rule.For<Book>((_, book) => !book.IsRestricted, "book is restricted");
    static readonly Rule<Book> Known = Rule.For<Book>(
        (_, book) => book.Author!.Name != "Anonymous",
        "author is not known"
    );
    static readonly Rule<Book> Translated = Rule.For<Book>(
        (_, book) => book.Translators.All(translator => translator.Name != "Anonymous"),
        "a translator is not known"
    );

    public BookPolicy()
    {
        Allow(Verb.Read, Is.Admin & Open)
            .Fields(
                book => book.Id,
                book => book.Title,
                book => book.Genre,
                book => book.SecondGenre,
                book => book.Subtitle,
                book => book.Price,
                book => book.Pages,
                book => book.IsLent,
                book => book.IsNew,
                book => book.PublishedOn,
                book => book.ReadAt,
                book => book.Keywords,
                book => book.Extra,
                book => book.Origin,
                book => book.Dedication,
                book => book.Author,
                book => book.Shelf,
                book => book.Reviews,
                book => book.Tags,
                book => book.Translators,
                book => book.DeletedAt,
                book => book.AuthorId
            );
        Allow(Verb.Create, Is.Admin & Open)
            .Fields(
                book => book.Title,
                book => book.Genre,
                book => book.SecondGenre,
                book => book.Subtitle,
                book => book.Price,
                book => book.Pages,
                book => book.IsLent,
                book => book.IsNew,
                book => book.PublishedOn,
                book => book.ReadAt,
                book => book.Keywords,
                book => book.Extra,
                book => book.Origin,
                book => book.Dedication,
                book => book.Author,
                book => book.Shelf,
                book => book.Translators,
                book => book.Tags
            );
        Allow(Verb.Update, Is.Admin & Open & Known & Translated)
            .Fields(
                book => book.Title,
                book => book.Genre,
                book => book.SecondGenre,
                book => book.Subtitle,
                book => book.Price,
                book => book.Pages,
                book => book.IsLent,
                book => book.IsNew,
                book => book.PublishedOn,
                book => book.ReadAt,
                book => book.Keywords,
                book => book.Extra,
                book => book.Origin,
                book => book.Dedication,
                book => book.Author,
                book => book.Shelf,
                book => book.Translators,
                book => book.Tags
            );
        Allow(Verb.Archive, Is.Admin & Open & Known);
        Allow(Verb.Delete, Is.Admin & Open & Known);
    }
}

public sealed class AuthorPolicy : Policy<Author>
{
    static readonly Rule<Author> Seen = Rule.For<Author>((_, author) => !author.IsHidden, "author is hidden");

    public AuthorPolicy()
    {
        Allow(Verb.Read, Is.Admin & Seen);
        Allow(Verb.Create, Is.Admin & Seen).Fields(author => author.Name, author => author.Mentor);
        Allow(Verb.Update, Is.Admin & Seen).Fields(author => author.Name, author => author.Mentor);
        Allow(Verb.Delete, Is.Admin & Seen);
    }
}

public sealed class ShelfPolicy : Policy<Shelf>
{
    public ShelfPolicy()
    {
        Allow(Verb.Read, Is.Admin);
        Allow(Verb.Create, Is.Admin).Fields(shelf => shelf.Room, shelf => shelf.Number, shelf => shelf.Label);
        Allow(Verb.Update, Is.Admin).Fields(shelf => shelf.Label);
        Allow(Verb.Delete, Is.Admin);
    }
}

public sealed class ReviewPolicy : Policy<Review>
{
    static readonly Rule<Review> OfAnOpenBook = Rule.For<Review>(
        (_, review) => !review.Book!.IsRestricted,
        "book is restricted"
    );
    static readonly Rule<Review> Unsealed = Rule.For<Review>(
        (_, review) => review.Text != "Sealed",
        "review is sealed"
    );

    public ReviewPolicy()
    {
        Allow(Verb.Read, Is.Admin & OfAnOpenBook);
        Allow(Verb.Create, Is.Admin & OfAnOpenBook)
            .Fields(review => review.Book, review => review.Number, review => review.Text);
        Allow(Verb.Update, Is.Admin & OfAnOpenBook & Unsealed).Fields(review => review.Text);
        Allow(Verb.Delete, Is.Admin & OfAnOpenBook & Unsealed);
    }
}

public sealed class StampPolicy : Policy<Stamp>
{
    public StampPolicy()
    {
        Allow(Verb.Read, Is.Admin);
        Allow(Verb.Create, Is.Admin).Fields(stamp => stamp.Ink);
        Allow(Verb.Update, Is.Admin).Fields(stamp => stamp.Ink, stamp => stamp.Numbered);
    }
}

/// <summary>The stamps of a mark are unreadable for everyone.</summary>
public sealed class MarkPolicy : Policy<Mark>
{
    public MarkPolicy()
    {
        Allow(Verb.Read, Is.Admin).Fields(mark => mark.Id, mark => mark.Name);
        Allow(Verb.Delete, Is.Admin);
    }
}

public sealed class TagPolicy : Policy<Tag>
{
    public TagPolicy()
    {
        Allow(Verb.Read, Is.Admin);
        Allow(Verb.Create, Is.Admin).Fields(tag => tag.Name, tag => tag.Books);
    }
}
