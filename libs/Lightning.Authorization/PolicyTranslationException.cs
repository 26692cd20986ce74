namespace Lightning.Authorization;

/// <summary>
/// A rule of a policy cannot be translated to SQL; the message names the rule and says what to write.
/// </summary>
public sealed class PolicyTranslationException(string message, Exception? innerException = null)
    : Exception(message, innerException);
