using Lightning.Data;
using Lightning.Data.Sessions;
using Lightning.Data.Users;

namespace Lightning.Testing;

/// <summary>Adds users and sessions to a database.</summary>
public static class People
{
    /// <summary>The issuer of all users.</summary>
    public const string Issuer = "http://localhost:5101";

    /// <summary>Adds a user.</summary>
    public static async Task<User> AddUserAsync(this LightningDb db, string name, bool isAdmin = false)
    {
        var id = Guid.CreateVersion7();
        var user = new User
        {
            Id = id,
            Issuer = Issuer,
            Subject = id.ToString(),
            Email = $"{name}@example.com",
            EmailVerified = true,
            Name = name,
            IsAdmin = isAdmin,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        db.Users.Add(user);
        await db.SaveChangesAsync();
        return user;
    }

    /// <summary>Adds an active session of a user.</summary>
    public static async Task<Session> AddSessionAsync(this LightningDb db, User user, DateTimeOffset? endsAt = null)
    {
        var now = DateTimeOffset.UtcNow;
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            Issuer = user.Issuer,
            UserId = user.Id,
            CreatedAt = now,
            AuthTime = now,
            LastSeenAt = now,
            EndsAt = endsAt ?? now.AddDays(14),
            Methods = ["pwd"],
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync();
        return session;
    }

    /// <summary>Adds a live session in which an administrator acts as a user, read-only or not.</summary>
    public static async Task<Session> AddImpersonationSessionAsync(
        this LightningDb db,
        User user,
        Session administrator,
        bool mayWrite = false
    )
    {
        var now = DateTimeOffset.UtcNow;
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            Issuer = user.Issuer,
            UserId = user.Id,
            CreatedAt = now,
            AuthTime = DateTimeOffset.UnixEpoch,
            LastSeenAt = now,
            EndsAt = now.AddMinutes(30),
            Methods = ["pwd"],
            ActorId = administrator.UserId,
            ActorSessionId = administrator.Id,
            ActorMayWrite = mayWrite,
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync();
        return session;
    }
}
