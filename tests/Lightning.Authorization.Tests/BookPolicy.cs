namespace Lightning.Authorization.Tests;

sealed class BookPolicy : Policy<Book>
{
    static readonly Rule<Book> Owner = Rule.For<Book>(
        (actor, book) => book.OwnerId == actor.UserId,
        "it belongs to another user"
    );
    static readonly Rule<Book> Editor = Rule.For<Book>(
        (actor, book) => book.Loans.Any(loan => loan.UserId == actor.UserId && loan.CanEdit),
        "it is not lent to you for editing"
    );

    public BookPolicy()
    {
        Allow(Verb.Read, Owner | Editor | Is.Admin);
        Allow(Verb.Update, Owner | Editor).Fields(book => book.Title, book => book.Number);
        Allow(Verb.Create, Owner & Is.Verified);
    }
}
