using Lightning.Data.Audit;
using Lightning.Data.Users;

namespace Lightning.Admin.Tests.Guide;

[Audited("ticket")]
public sealed class Ticket
{
    public Guid Id { get; init; } = Guid.CreateVersion7();
    public required string Title { get; set; }
    public bool IsOpen { get; set; } = true;
    public Guid? OwnerId { get; set; }
    public User? Owner { get; set; }
    public DateTimeOffset CreatedAt { get; init; }
}
