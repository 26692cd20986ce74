using Lightning.Admin.Engine.Registrations;
using Lightning.Data.Keys;

namespace Lightning.Admin.Keys;

/// <summary>The token signing keys and their schedule, without key material.</summary>
public sealed class SigningKeyAdmin : AdminFor<SigningKey>
{
    public SigningKeyAdmin()
        : base("Signing keys")
    {
        SmallTable();
        List(
            key => key.Id,
            key => key.Algorithm,
            key => key.CreatedAt,
            key => key.SignsFrom,
            key => key.SuccessorDueAt,
            key => key.RetiredAt
        );
        HasLabel(key => key.Id, "Signing key");
        OrderBy(key => key.CreatedAt);
    }
}
