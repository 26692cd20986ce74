namespace Lightning.Identity.Mail;

/// <summary>A mail in the outbox.</summary>
/// <param name="To">The recipient's address.</param>
/// <param name="Subject">The subject.</param>
/// <param name="Text">The plain-text body.</param>
/// <param name="Html">The HTML body.</param>
/// <param name="GoodUntil">When its links expire (UTC); it is not sent after that.</param>
sealed record OutgoingMail(string To, string Subject, string Text, string Html, DateTimeOffset GoodUntil);
