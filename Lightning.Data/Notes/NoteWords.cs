using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NpgsqlTypes;

namespace Lightning.Data.Notes;

/// <summary>The words of a note, as the database keeps them for searching; apart from <see cref="Note"/>, so that reading a note does not read them.</summary>
public sealed class NoteWords
{
    /// <summary>The note's key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The words of title and text, the title's weighing more.</summary>
    public NpgsqlTsVector Words { get; private set; } = null!;
}

sealed class NoteWordsTable : IEntityTypeConfiguration<NoteWords>
{
    // A column of the notes that the database computes; a view to the model, because nobody writes it.
    public void Configure(EntityTypeBuilder<NoteWords> builder) => builder.ToView("notes", "app").HasKey(words => words.Id);
}
