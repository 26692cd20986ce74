namespace Lightning.Identity.Mail;

/// <summary>A mail, as it waits in the outbox.</summary>
/// <param name="To">The address.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Text">The plain text.</param>
/// <param name="Html">The same as HTML.</param>
/// <param name="GoodUntil">When it is not worth sending any more, in UTC: its links have ended.</param>
sealed record Message(string To, string Subject, string Text, string Html, DateTimeOffset GoodUntil);
