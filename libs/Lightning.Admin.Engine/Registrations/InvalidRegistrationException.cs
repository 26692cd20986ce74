namespace Lightning.Admin.Engine.Registrations;

/// <summary>A registration is invalid; the message names it and says how to fix it.</summary>
public sealed class InvalidRegistrationException(string message) : Exception(message);
