using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;

namespace Lightning.Admin.Tests.Library;

public sealed class BookAdmin : AdminFor<Book>
{
    public BookAdmin()
        : base("Books")
    {
        SmallTable();
        List(
            book => book.Title,
            book => book.Genre,
            book => book.Author!.Name,
            book => book.Price,
            book => book.Pages,
            book => book.IsLent,
            book => book.IsNew,
            book => book.PublishedOn,
            book => book.ReadAt,
            book => book.Shelf!.Label,
            book => book.Origin!.City
        );
        Column("Reviews", book => book.Reviews.Count, count => $"{count} reviews");
        List(book => book.Translators);
        Search(book => book.Title, book => book.Author!.Name, book => book.Translators);
        Filter(book => book.Title)
            .Filter(book => book.Genre)
            .Filter(book => book.SecondGenre)
            .Filter(book => book.Pages)
            .Filter(book => book.IsLent)
            .Filter(book => book.ReadAt)
            .Filter(book => book.PublishedOn)
            .Filter(book => book.Author!.Name)
            .Filter(book => book.Origin!.Year)
            .Filter(book => book.Tags)
            .Filter(book => book.Translators)
            .Filter(book => book.AuthorId);
        Edit(
            book => book.Title,
            book => book.Subtitle,
            book => book.Genre,
            book => book.SecondGenre,
            book => book.Price,
            book => book.Pages,
            book => book.IsLent,
            book => book.IsNew,
            book => book.PublishedOn,
            book => book.ReadAt,
            book => book.Keywords,
            book => book.Extra,
            book => book.Origin!.City,
            book => book.Origin!.Year,
            book => book.Dedication!.To,
            book => book.Author,
            book => book.Shelf,
            book => book.Translators,
            book => book.Tags
        );
        Check(book => book.Title, title => title.Length == 0 ? "Give it a title." : null);
        EditInline(book => book.Reviews);
        EditInList(book => book.Price, book => book.Pages, book => book.IsNew);
        SoftDelete(book => book.DeletedAt);
        Action(
                "Lend",
                Verb.Archive,
                (books, run) =>
                {
                    foreach (var book in books)
                        (book.IsLent, book.Subtitle) = (true, run.Inputs["to"]);
                }
            )
            .Confirm("Lend {count} books?")
            .Input("to", "To whom");
    }
}

public sealed class AuthorAdmin : AdminFor<Author>
{
    public AuthorAdmin()
        : base("Authors")
    {
        SmallTable();
        List(author => author.Name, author => author.Mentor!.Name, author => author.Translated);
        Column("Pupils of the mentor's mentor", author => author.Mentor!.Mentor!.Name.Length);
        Search(author => author.Name);
        Edit(author => author.Name, author => author.Mentor);
        EditInline(author => author.Books);
        Deletable();
    }
}

public sealed class ShelfAdmin : AdminFor<Shelf>
{
    public ShelfAdmin()
        : base("Shelves")
    {
        SmallTable();
        List(shelf => shelf.Label, shelf => shelf.Room, shelf => shelf.Number);
        Search(shelf => shelf.Room, shelf => shelf.Label);
        Edit(shelf => shelf.Room, shelf => shelf.Number, shelf => shelf.Label);
        HasLabel(shelf => shelf.Room);
        Deletable();
    }
}

public sealed class ReviewAdmin : AdminFor<Review>
{
    public ReviewAdmin()
        : base("Reviews")
    {
        SmallTable();
        List(review => review.Text, review => review.Number, review => review.Book!.Title);
        Edit(review => review.Book, review => review.Number, review => review.Text);
        Check(review => review.Text, text => text.Length == 0 ? "Say something." : null);
        Deletable();
    }
}

public sealed class TagAdmin : AdminFor<Tag>
{
    public TagAdmin()
        : base("Tags")
    {
        SmallTable();
        List(tag => tag.Name);
        Search(tag => tag.Name);
        Column("Titles", tag => tag.Books.Count(book => book.Title != ""));
    }
}
