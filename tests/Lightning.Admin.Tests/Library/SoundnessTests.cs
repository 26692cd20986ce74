using Lightning.Admin.Registrations;
using Lightning.Data.Audit;
using Lightning.Data.Rules;
using Lightning.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lightning.Admin.Tests.Library;

/// <summary>A registration that is not sound stops the start, and the sentence says which and how to mend it.</summary>
public sealed class SoundnessTests(PostgresServer server)
{
    public static TheoryData<Type, string> Broken => new()
    {
        { typeof(WithoutPolicy), "is about Tag, which nobody's policy lets anybody read: write a Policy<Tag>" },
        { typeof(ShowsASecret), "shows book.Secret, and the policy of Book lets nobody read Secret: leave it out" },
        { typeof(ComputesFromASecret), "lets nobody read Secret" },
        { typeof(FiltersByASecret), "filters by Convert(book.IsRestricted, Object), and the policy of Book lets nobody read IsRestricted" },
        { typeof(SearchesASecret), "searches book.Secret, and the policy" },
        { typeof(ReachesWhatHasNoPolicy), "and Tag has no policy" },
        { typeof(SortsWithoutIndex), "sorts by pages, which no index of books begins with: add one (builder.HasIndex(row => new { row.Pages, row.Id }) and a migration)" },
        { typeof(FiltersWithoutIndex), "filters by pages, which no index of books begins with" },
        { typeof(FiltersByARelatedColumn), "filters by author.name, which no index" },
        { typeof(SearchesWithoutIndex), "searches title, and says no index that serves it: add a migration with CREATE INDEX … USING gin (to_tsvector('simple', title))" },
        { typeof(WritesWhatIsNobodys), "edits deletedAt, which the policy of Book lets nobody write" },
        { typeof(WritesWhatIsNoColumn), "edits" },
        { typeof(WritesInTheListOnly), "edits price in the list, which its form does not write: name it in Edit too" },
        { typeof(WritesInNoColumn), "edits price in the list, which is no column of it: name it in List too" },
        { typeof(WritesWithoutTheBook), "writes, and nobody would know who did: mark Tag with [Audited" },
        { typeof(CannotBeTranslated), "shows Odd, which cannot be made into SQL" },
        { typeof(ActsWithoutARule), "has an action \"Pin\" for Verb.Pin, which the policy of Book allows nobody" },
        { typeof(ActsWhereASecretSaysSo), "does \"Lend\" where (book.Secret == null), and the policy of Book lets nobody read Secret: leave it out" },
        { typeof(ActsWhereNobodyCanTell), "does \"Lend\" where IsOdd(book.Title), which cannot be made into SQL" },
        { typeof(HasNoColumns), "has no columns" },
        { typeof(MakesWhatTheBookCannotName), "makes rows whose Id the database makes, which their lines in the book could not name: make it a Guid" },
        { typeof(LinksByAnotherKey), "edits numbered, whose table between knows each Mark by another key than its primary one: leave HasPrincipalKey out" },
        { typeof(FiltersByLinksToNothing), "filters by tags, and Tag has no registration by which they are called: add one" },
        { typeof(FiltersByAnothersLinks), "filters by author.translated, which another row is linked with: name a list of the row's own" },
        { typeof(FiltersByLinksOfAnotherKey), "filters by numbered, whose table between knows one or the other by another key than its primary one: leave HasPrincipalKey out" },
        { typeof(FiltersByALinkThatIsNobodys), "filters by mark.Stamps, and the policy of Mark lets nobody read Stamps: leave it out" },
        { typeof(ShowsLinksToNothing), "shows tags, and Tag has no registration by which they are called: add one" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Registration_ThatIsNotSound_IsNamed_WithWhatToDo(Type registration, string sentence)
    {
        using var services = SiteOf((Registration)Activator.CreateInstance(registration)!, withTags: registration == typeof(WritesWithoutTheBook));
        using var scope = services.CreateScope();
        var fault = Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldHaveSingleItem();
        fault.ShouldStartWith($"{registration.Name} ");
        fault.ShouldContain(sentence);
    }

    [Fact]
    public void Registration_OfALargeTable_ThatIndexesServe_IsSound()
    {
        using var services = SiteOf(new SortsByAnIndex(), withTags: false);
        using var scope = services.CreateScope();
        Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldBeEmpty();
        var site = services.GetRequiredService<AdminSite>();
        site.Registrations[0].Columns.Where(site.Registrations[0].IsSortable).Select(column => column.Name).ShouldBe(["title"]);
    }

    [Fact]
    public void Links_ToALargeTable_OfWhichARowMayHaveAnyNumber_TakeAnIndexThatHasThemInOrder()
    {
        using var services = SiteOf(new SortsByAnIndex(), withTags: false, new ShowsAnyNumber());
        using var scope = services.CreateScope();
        Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldHaveSingleItem()
            .ShouldContain("shows translated, of which a row may have any number, and no index of author_book has each row's in an order: add one (UsingEntity(link => link.HasIndex(\"TranslatorsId\", \"TranslatedId\")) and a migration)");
    }

    [Fact]
    public void Filter_ByLinks_OfALargeTable_TakesAnIndexThatHasWhatEachIsLinkedWithInOrder_AndASearchToChooseBy()
    {
        using (var services = SiteOf(new FiltersByLinks(), withTags: false, new SearchedAuthors()))
        {
            using var scope = services.CreateScope();
            Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldHaveSingleItem()
                .ShouldContain("filters by translators, and no index of author_book has what is linked with each Author in an order: add one (UsingEntity(link => link.HasIndex(\"TranslatorsId\", \"TranslatedId\")) and a migration)");
        }
        using (var services = SiteOf(new FiltersByLinks(), withTags: false, new UnsearchedAuthors()))
        {
            using var scope = services.CreateScope();
            Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldHaveSingleItem()
                .ShouldContain("filters by translators, which are chosen by searching, and the registration of Author cannot be searched: say there what a search looks through by Search(row => row.…)");
        }
        // From the other side the table between has them in order: its key begins with the author's.
        using (var services = SiteOf(new FiltersByTranslations(), withTags: false, new FewBooks()))
        {
            using var scope = services.CreateScope();
            Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ShouldBeEmpty();
        }
    }

    /// <summary>Nothing would be found to pick, and nobody told why.</summary>
    [Theory]
    [InlineData(typeof(PicksAnAuthor), typeof(SearchedAuthors), null)]
    [InlineData(typeof(PicksAnAuthor), typeof(UnsearchedAuthors), "edits author, which is picked by searching, and UnsearchedAuthors cannot be searched: say there what a search looks through by Search(row => row.…), or leave the field out.")]
    [InlineData(typeof(PicksAnAuthorByKey), typeof(UnsearchedAuthors), "edits authorId, which is picked by searching, and UnsearchedAuthors cannot be searched")]
    [InlineData(typeof(PicksTranslators), typeof(UnsearchedAuthors), "edits translators, which is picked by searching, and UnsearchedAuthors cannot be searched")]
    public void Form_ThatPicksFromRowsThatAreNotSearched_IsNamed_WithWhatToDo(Type registration, Type other, string? sentence)
    {
        using var services = SiteOf((Registration)Activator.CreateInstance(registration)!, withTags: false, (Registration)Activator.CreateInstance(other)!);
        using var scope = services.CreateScope();
        var faults = Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).ToList();
        if (sentence is null) faults.ShouldBeEmpty();
        else faults.ShouldHaveSingleItem().ShouldStartWith($"{registration.Name} {sentence}");
    }

    /// <summary>What a large table is searched by in other rows, those have to find.</summary>
    [Theory]
    [InlineData(typeof(SearchesAuthors), typeof(SearchedAuthors), null)]
    [InlineData(typeof(SearchesAuthors), typeof(UnsearchedAuthors), "searches book.Author.Name, and the registration of Author cannot be searched, so nothing would be found: say there what a search looks through by Search(row => row.…), leave it out, or")]
    [InlineData(typeof(SearchesAuthors), typeof(SearchedShelves), "searches book.Author.Name, and Author has no registration by whose search it is looked for: add one, leave it out, or")]
    [InlineData(typeof(SearchesAuthors), typeof(AuthorsByTheirMentors), "searches book.Author.Name, and the registration of Author searches nothing of its own, so nothing would be found: name a column there")]
    [InlineData(typeof(SearchesTranslators), typeof(UnsearchedAuthors), "searches book.Translators, and the registration of Author cannot be searched")]
    [InlineData(typeof(SearchesMentors), typeof(SearchedAuthors), "searches book.Author.Mentor.Name, which is more than one step away, and a large table's search goes one: leave it out, or")]
    [InlineData(typeof(SearchesShelves), typeof(SearchedShelves), "searches book.Shelf.Label, and no one column leads there by the key of a Shelf: leave it out, or, if there will never be more than some thousand rows, say Few().")]
    public void Search_OfALargeTable_ByRowsThatAreNotSearched_IsNamed_WithWhatToDo(Type registration, Type other, string? sentence)
    {
        using var services = SiteOf((Registration)Activator.CreateInstance(registration)!, withTags: false, (Registration)Activator.CreateInstance(other)!);
        using var scope = services.CreateScope();
        var faults = Soundness.Faults(services.GetRequiredService<AdminSite>(), scope.ServiceProvider.GetRequiredService<DbContext>()).Where(fault => fault.StartsWith(registration.Name, StringComparison.Ordinal)).ToList();
        if (sentence is null) faults.ShouldBeEmpty();
        else faults.ShouldHaveSingleItem().ShouldContain(sentence);
    }

    ServiceProvider SiteOf(Registration registration, bool withTags, params Registration[] others)
    {
        server.ShouldNotBeNull();
        var services = new ServiceCollection();
        services.AddScoped<DbContext>(_ => LibraryUnderTest.Connect("Host=localhost;Database=nowhere"));
        foreach (var other in others) services.AddSingleton(other);
        services.AddSingleton(registration).AddSingleton<AdminSite>().AddSingleton<Policy<Book>, BookPolicy>().AddSingleton<Policy<Author>, AuthorPolicy>().AddSingleton<Policy<Review>, ReviewPolicy>();
        services.AddSingleton<Policy<Stamp>, StampPolicy>().AddSingleton<Policy<Mark>, MarkPolicy>().AddSingleton<Policy<Shelf>, ShelfPolicy>();
        if (registration is LinksByAnotherKey or FiltersByLinksOfAnotherKey) services.AddSingleton<Registration>(new Marks());
        if (withTags) services.AddSingleton<Policy<Tag>>(new WritableTags());
        return services.BuildServiceProvider();
    }

    sealed class WritableTags : Policy<Tag>
    {
        public WritableTags()
        {
            Allow(Verb.Read, Is.Admin);
            Allow(Verb.Update, Is.Admin).Fields(tag => tag.Name);
        }
    }

    sealed class WithoutPolicy : AdminFor<Tag>
    {
        public WithoutPolicy() : base("Tags") => List(tag => tag.Name).Few();
    }

    sealed class ShowsASecret : AdminFor<Book>
    {
        public ShowsASecret() : base("Books") => List(book => book.Secret).Few();
    }

    sealed class ComputesFromASecret : AdminFor<Book>
    {
        public ComputesFromASecret() : base("Books") => Column("Length", book => book.Secret!.Length).Few();
    }

    sealed class FiltersByASecret : AdminFor<Book>
    {
        public FiltersByASecret() : base("Books") => List(book => book.Title).Filter(book => book.IsRestricted).Few();
    }

    sealed class FiltersByLinksToNothing : AdminFor<Book>
    {
        public FiltersByLinksToNothing() : base("Books") => List(book => book.Title).Filter(book => book.Tags).Few();
    }

    sealed class FiltersByAnothersLinks : AdminFor<Book>
    {
        public FiltersByAnothersLinks() : base("Books") => List(book => book.Title).Search(book => book.Title).Filter(book => book.Author!.Translated).Few();
    }

    sealed class FiltersByLinksOfAnotherKey : AdminFor<Stamp>
    {
        public FiltersByLinksOfAnotherKey() : base("Stamps") => List(stamp => stamp.Ink).Filter(stamp => stamp.Numbered).Few();
    }

    sealed class FiltersByALinkThatIsNobodys : AdminFor<Mark>
    {
        public FiltersByALinkThatIsNobodys() : base("Marks") => List(mark => mark.Name).Filter(mark => mark.Stamps).Few();
    }

    sealed class FiltersByLinks : AdminFor<Book>
    {
        public FiltersByLinks() : base("Books") => List(book => book.Title).Filter(book => book.Translators);
    }

    sealed class FiltersByTranslations : AdminFor<Author>
    {
        public FiltersByTranslations() : base("Authors") => List(author => author.Name).Filter(author => author.Translated);
    }

    sealed class SearchedAuthors : AdminFor<Author>
    {
        public SearchedAuthors() : base("Authors") => List(author => author.Name).Search(author => author.Name).Few();
    }

    sealed class UnsearchedAuthors : AdminFor<Author>
    {
        public UnsearchedAuthors() : base("Authors") => List(author => author.Name).Few();
    }

    sealed class SearchesAuthors : AdminFor<Book>
    {
        public SearchesAuthors() : base("Books") => List(book => book.Title).Search(book => book.Title, book => book.Author!.Name).ServedBy("ix_books_words");
    }

    sealed class SearchesTranslators : AdminFor<Book>
    {
        public SearchesTranslators() : base("Books") => List(book => book.Title).Search(book => book.Title, book => book.Translators).ServedBy("ix_books_words");
    }

    sealed class SearchesMentors : AdminFor<Book>
    {
        public SearchesMentors() : base("Books") => List(book => book.Title).Search(book => book.Author!.Mentor!.Name).ServedBy("ix_books_words");
    }

    sealed class SearchesShelves : AdminFor<Book>
    {
        public SearchesShelves() : base("Books") => List(book => book.Title).Search(book => book.Shelf!.Label).ServedBy("ix_books_words");
    }

    sealed class AuthorsByTheirMentors : AdminFor<Author>
    {
        public AuthorsByTheirMentors() : base("Authors") => List(author => author.Name).Search(author => author.Mentor!.Name).ServedBy("ix_authors_words");
    }

    sealed class SearchedShelves : AdminFor<Shelf>
    {
        public SearchedShelves() : base("Shelves") => List(shelf => shelf.Label).Search(shelf => shelf.Label).Few();
    }

    sealed class PicksAnAuthor : AdminFor<Book>
    {
        public PicksAnAuthor() : base("Books") => List(book => book.Title).Edit(book => book.Author).Few();
    }

    sealed class PicksAnAuthorByKey : AdminFor<Book>
    {
        public PicksAnAuthorByKey() : base("Books") => List(book => book.Title).Edit(book => book.AuthorId).Few();
    }

    sealed class PicksTranslators : AdminFor<Book>
    {
        public PicksTranslators() : base("Books") => List(book => book.Title).Edit(book => book.Translators).Few();
    }

    sealed class FewBooks : AdminFor<Book>
    {
        public FewBooks() : base("Books") => List(book => book.Title).Search(book => book.Title).Few();
    }

    sealed class SearchesASecret : AdminFor<Book>
    {
        public SearchesASecret() : base("Books") => List(book => book.Title).Search(book => book.Secret).Few();
    }

    sealed class ReachesWhatHasNoPolicy : AdminFor<Book>
    {
        public ReachesWhatHasNoPolicy() : base("Books") => List(book => book.Title).Column("Tagged", book => book.Tags.Count(tag => tag.Name == "x")).Few();
    }

    sealed class SortsWithoutIndex : AdminFor<Book>
    {
        public SortsWithoutIndex() : base("Books") => List(book => book.Title).Sort(book => book.Pages);
    }

    sealed class FiltersWithoutIndex : AdminFor<Book>
    {
        public FiltersWithoutIndex() : base("Books") => List(book => book.Title).Filter(book => book.Pages);
    }

    sealed class FiltersByARelatedColumn : AdminFor<Book>
    {
        public FiltersByARelatedColumn() : base("Books") => List(book => book.Title).Filter(book => book.Author!.Name);
    }

    sealed class SearchesWithoutIndex : AdminFor<Book>
    {
        public SearchesWithoutIndex() : base("Books") => List(book => book.Title).Search(book => book.Title);
    }

    sealed class WritesInTheListOnly : AdminFor<Book>
    {
        public WritesInTheListOnly() : base("Books") => List(book => book.Title, book => book.Price).EditInList(book => book.Price).Few();
    }

    sealed class WritesInNoColumn : AdminFor<Book>
    {
        public WritesInNoColumn() : base("Books") => List(book => book.Title).Edit(book => book.Price).EditInList(book => book.Price).Few();
    }

    sealed class WritesWhatIsNobodys : AdminFor<Book>
    {
        public WritesWhatIsNobodys() : base("Books") => List(book => book.Title).Edit(book => book.DeletedAt).Few();
    }

    sealed class WritesWhatIsNoColumn : AdminFor<Book>
    {
        public WritesWhatIsNoColumn() : base("Books") => List(book => book.Title).Edit(book => book.Author!.Name).Few();
    }

    sealed class WritesWithoutTheBook : AdminFor<Tag>
    {
        public WritesWithoutTheBook() : base("Tags") => List(tag => tag.Name).Edit(tag => tag.Name).Few();
    }

    sealed class CannotBeTranslated : AdminFor<Book>
    {
        public CannotBeTranslated() : base("Books") => List(book => book.Title).Column("Odd", book => book.Reviews.Count(review => IsOdd(review.Text))).Few();

        static bool IsOdd(string text) => text.Length % 2 == 1;
    }

    sealed class ActsWithoutARule : AdminFor<Book>
    {
        public ActsWithoutARule() : base("Books")
        {
            List(book => book.Title).Few();
            Action("Pin", Verb.Pin, (_, _) => { });
        }
    }

    sealed class ActsWhereASecretSaysSo : AdminFor<Book>
    {
        public ActsWhereASecretSaysSo() : base("Books")
        {
            List(book => book.Title).Few();
            Action("Lend", Verb.Archive, (_, _) => { }).When(book => book.Secret == null, "secret");
        }
    }

    sealed class ActsWhereNobodyCanTell : AdminFor<Book>
    {
        public ActsWhereNobodyCanTell() : base("Books")
        {
            List(book => book.Title).Few();
            Action("Lend", Verb.Archive, (_, _) => { }).When(book => IsOdd(book.Title), "even");
        }

        static bool IsOdd(string text) => text.Length % 2 == 1;
    }

    sealed class MakesWhatTheBookCannotName : AdminFor<Stamp>
    {
        public MakesWhatTheBookCannotName() : base("Stamps") => List(stamp => stamp.Ink).Edit(stamp => stamp.Ink).Few();
    }

    sealed class LinksByAnotherKey : AdminFor<Stamp>
    {
        public LinksByAnotherKey() : base("Stamps") => List(stamp => stamp.Ink).Edit(stamp => stamp.Numbered).Few();
    }

    sealed class Marks : AdminFor<Mark>
    {
        public Marks() : base("Marks") => List(mark => mark.Name).Search(mark => mark.Name).Few();
    }

    sealed class ShowsLinksToNothing : AdminFor<Book>
    {
        public ShowsLinksToNothing() : base("Books") => List(book => book.Title, book => book.Tags).Few();
    }

    sealed class ShowsAnyNumber : AdminFor<Author>
    {
        public ShowsAnyNumber() : base("Authors") => List(author => author.Name, author => author.Translated).Few();
    }

    sealed class HasNoColumns : AdminFor<Book>
    {
        public HasNoColumns() : base("Books") => Few();
    }

    sealed class SortsByAnIndex : AdminFor<Book>
    {
        public SortsByAnIndex() : base("Books") => List(book => book.Title, book => book.Pages).Sort(book => book.Title).Filter(book => book.AuthorId).Filter(book => book.Id).Order(book => book.Title);
    }
}
