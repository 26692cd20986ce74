using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Drafts;

/// <summary>
/// A form of the admin site that was posted while its user had to sign in again. It is shown again afterwards.
/// </summary>
public sealed class FormDraft
{
    /// <summary>How long it is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>SHA-256 of the id in the page's URL.</summary>
    public required byte[] IdHash { get; init; }

    /// <summary>The posted values, encrypted for their id and path by the admin site's key ring.</summary>
    public required byte[] Content { get; init; }

    /// <summary>When it is no longer shown, and is deleted (UTC).</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

sealed class FormDraftTable : IEntityTypeConfiguration<FormDraft>
{
    public void Configure(EntityTypeBuilder<FormDraft> builder)
    {
        builder.ToTable("form_drafts", "web");
        builder.HasKey(draft => draft.IdHash);
        builder.HasIndex(draft => draft.ExpiresAt);
    }
}
