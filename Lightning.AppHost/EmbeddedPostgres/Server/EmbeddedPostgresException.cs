namespace EmbeddedPostgres;

/// <summary>
/// PostgreSQL cannot be installed or started. The message names the cause and the fix.
/// </summary>
sealed class EmbeddedPostgresException(string message, Exception? innerException = null)
    : Exception(message, innerException);
