using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NpgsqlTypes;

namespace Lightning.Data.Notes;

/// <summary>
/// The search vector of a note; a separate entity, so that loading a <see cref="Note"/> does not load it.
/// </summary>
public sealed class NoteWords
{
    /// <summary>The note's key.</summary>
    public Guid Id { get; private set; }

    /// <summary>The words of title and body; those of the title rank higher.</summary>
    public NpgsqlTsVector Words { get; private set; } = null!;
}

sealed class NoteWordsTable : IEntityTypeConfiguration<NoteWords>
{
    // The database computes the column; mapped as a view, because it is never written.
    public void Configure(EntityTypeBuilder<NoteWords> builder) =>
        builder.ToView("notes", "app").HasKey(words => words.Id);
}
