using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Keys;

/// <summary>
/// Data-protection key rings. Row-level security shows a row only to the database role that wrote it.
/// </summary>
sealed class DataProtectionTable : IEntityTypeConfiguration<DataProtectionKey>
{
    public void Configure(EntityTypeBuilder<DataProtectionKey> builder)
    {
        builder.ToTable("data_protection", "keys");
        builder.Property<string>("Service").HasMaxLength(63).HasDefaultValueSql("current_user");
        builder.HasIndex("Service");
    }
}
