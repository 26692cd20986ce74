namespace Lightning.Sessions.Cookies.Provider;

/// <summary>
/// The provider authenticated the user, but the application refuses the sign-in. The message is shown to the user.
/// </summary>
public sealed class SignInRefusedException(string message) : Exception(message);
