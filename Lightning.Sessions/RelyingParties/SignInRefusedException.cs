namespace Lightning.Sessions.RelyingParties;

/// <summary>The provider let the person in, and this application does not: the message says why, in words for that person.</summary>
public sealed class SignInRefusedException(string message) : Exception(message);
