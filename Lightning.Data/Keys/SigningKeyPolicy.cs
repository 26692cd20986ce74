using Lightning.Authorization;

namespace Lightning.Data.Keys;

/// <summary>Administrators read signing keys without the private key.</summary>
public sealed class SigningKeyPolicy : Policy<SigningKey>
{
    /// <summary>Defines the rules.</summary>
    public SigningKeyPolicy() =>
        Allow(Verb.Read, Is.Admin)
            .Fields(
                key => key.Id,
                key => key.Algorithm,
                key => key.CreatedAt,
                key => key.SignsFrom,
                key => key.SuccessorDueAt,
                key => key.RetiredAt
            );
}
