namespace Lightning.Sessions.Model;

/// <summary>
/// A message to send, written in the transaction that caused it and deleted when it is sent.
/// </summary>
public sealed class OutboxMessage
{
    /// <summary>A mail, sent by Identity.</summary>
    public const string Mail = "mail";

    /// <summary>
    /// A logout token for a relying party, sent by Identity. The payload is the JSON <c>{ "sid": …, "sub": … }</c>,
    /// unencrypted; written by the database functions that end sessions.
    /// </summary>
    public const string Logout = "logout";

    /// <summary>
    /// An administrator's request for a password-reset mail, which Identity creates and sends. Written by the database
    /// function <c>identity.request_password_reset</c>.
    /// </summary>
    public const string PasswordReset = "password-reset";

    /// <summary>
    /// A request to notify an account's owner that an administrator reset the second factor. Written by the database
    /// function <c>identity.reset_second_factor</c>.
    /// </summary>
    public const string SecondFactorReset = "second-factor-reset";

    /// <summary>
    /// A request to mail an invitation, which Identity creates and sends. Written by triggers of the invitations.
    /// </summary>
    public const string Invitation = "invitation";

    /// <summary>
    /// A refresh token to revoke at an external provider, sent by the relying party that holds it. The payload is the
    /// SHA-256 of the session's cookie followed by the session's encrypted tokens.
    /// </summary>
    public const string Revocation = "revocation";

    /// <summary>The maximum length of <see cref="LastError"/>, in characters.</summary>
    public const int ErrorLength = 200;

    /// <summary>The key.</summary>
    public Guid Id { get; init; }

    /// <summary>The kind, which determines the service that sends it.</summary>
    public required string Kind { get; set; }

    /// <summary>
    /// The client id of a logout token, the account id of a reset, the id of an invitation, or the relying party of a
    /// revocation; null for mails.
    /// </summary>
    public string? Recipient { get; init; }

    /// <summary>The content. Mails are encrypted by the sender's key ring, because they hold one-time links.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>When to try next (UTC).</summary>
    public required DateTimeOffset DueAt { get; set; }

    /// <summary>The number of attempts so far.</summary>
    public int Attempts { get; set; }

    /// <summary>When it is too late to send it (UTC), because its links expire; null if it never is.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>
    /// When it was given up (UTC); null while it is still tried. A failed message stays until it is sent again or
    /// its retention ends.
    /// </summary>
    public DateTimeOffset? FailedAt { get; set; }

    /// <summary>Why the last attempt failed, without address, content or secret; null before the first.</summary>
    public string? LastError { get; set; }
}
