namespace FtpMount.Vfs.WriteBack;

/// <summary>The journal cannot be opened or written. What was to be noted is not; the message says why and what to do.</summary>
public sealed class JournalException : IOException
{
    /// <summary>Makes one for a failure of a kind that <see cref="Content.LocalDisk.IsFull"/> understands.</summary>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="code">The value for <see cref="Exception.HResult"/>; 0 for none.</param>
    /// <param name="innerException">The cause.</param>
    public JournalException(string message, int code = 0, Exception? innerException = null)
        : base(message, innerException)
    {
        if (code != 0)
            HResult = code;
    }
}
