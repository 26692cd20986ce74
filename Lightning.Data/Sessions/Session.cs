using Lightning.Data.Users;
using Lightning.Sessions.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Lightning.Data.Sessions;

/// <summary>A browser's session at the provider, with its user.</summary>
public sealed class Session : SessionEntity
{
    /// <summary>The user.</summary>
    public User? User { get; init; }

    /// <summary>The impersonating administrator.</summary>
    public User? Actor { get; init; }
}

sealed class SessionUsers : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> builder)
    {
        builder
            .HasOne(session => session.User)
            .WithMany()
            .HasForeignKey(session => session.UserId)
            .OnDelete(DeleteBehavior.Cascade);
        builder
            .HasOne(session => session.Actor)
            .WithMany()
            .HasForeignKey(session => session.ActorId)
            .OnDelete(DeleteBehavior.Cascade);
    }
}
