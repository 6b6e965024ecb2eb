namespace FtpMount.Remote;

/// <summary>
/// A remote operation failed. <see cref="Exception.Message"/> is one line for a person: what happened, to which path, on which
/// server and, where known, what to do. It never holds a secret.
/// </summary>
public sealed class RemoteException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">The kind of failure.</param>
    /// <param name="message">One line for a person, without secrets.</param>
    /// <param name="innerException">The cause, when there is one.</param>
    public RemoteException(RemoteError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    /// <summary>The kind of failure.</summary>
    public RemoteError Error { get; }

    /// <summary>The path concerned, when the failure concerns one.</summary>
    public RemotePath? Path { get; init; }

    /// <summary>
    /// What the server said, verbatim but for secrets and control characters (for example <c>550 No such file.</c>); null when it said nothing.
    /// </summary>
    public string? ServerReply { get; init; }
}
