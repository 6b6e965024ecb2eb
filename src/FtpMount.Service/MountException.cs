namespace FtpMount.Service;

/// <summary>
/// A mount could not be made, asked or ended. <see cref="Exception.Message"/> is one line for a person: what happened and what to do, without
/// secrets. Programs end with exit code 1.
/// </summary>
public sealed class MountException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened and what to do.</param>
    /// <param name="innerException">The cause, when there is one.</param>
    public MountException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
