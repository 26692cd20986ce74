namespace EmbeddedPostgres;

/// <summary>
/// PostgreSQL cannot be installed or started; the message is one sentence that names cause and remedy.
/// </summary>
sealed class EmbeddedPostgresException(string message, Exception? innerException = null)
    : Exception(message, innerException);
