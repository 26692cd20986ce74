using Lightning.Admin.Registrations;
using Lightning.Data.Keys;

namespace Lightning.Admin.Keys;

/// <summary>Which keys sign tokens and when, and nothing of the keys themselves.</summary>
public sealed class SigningKeyAdmin : AdminFor<SigningKey>
{
    /// <summary>States what is shown.</summary>
    public SigningKeyAdmin() : base("Signing keys")
    {
        Few();
        List(key => key.Id, key => key.Algorithm, key => key.CreatedAt, key => key.SignsFrom, key => key.SuccessorDueAt, key => key.RetiredAt);
        Called(key => key.Id, "Signing key");
        Order(key => key.CreatedAt);
    }
}
