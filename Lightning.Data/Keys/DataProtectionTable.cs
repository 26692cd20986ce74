using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Keys;

/// <summary>Data-protection rings: each row belongs to the database role that wrote it, and row-level security shows it to no other.</summary>
sealed class DataProtectionTable : IEntityTypeConfiguration<DataProtectionKey>
{
    public void Configure(EntityTypeBuilder<DataProtectionKey> builder)
    {
        builder.ToTable("data_protection", "keys");
        builder.Property<string>("Service").HasMaxLength(63).HasDefaultValueSql("current_user");
        builder.HasIndex("Service");
    }
}
