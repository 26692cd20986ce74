using Lightning.Data.Rules;

namespace Lightning.Data.Keys;

/// <summary>Which keys there are is administrators' to see; a private half is nobody's.</summary>
public sealed class SigningKeyPolicy : Policy<SigningKey>
{
    /// <summary>States the rules.</summary>
    public SigningKeyPolicy() => Allow(Verb.Read, Is.Admin)
        .Fields(key => key.Id, key => key.Algorithm, key => key.CreatedAt, key => key.SignsFrom, key => key.SuccessorDueAt, key => key.RetiredAt);
}
