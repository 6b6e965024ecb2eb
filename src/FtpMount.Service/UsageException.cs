namespace FtpMount.Service;

/// <summary>
/// The command, a URL or an option is wrong: nothing was tried. <see cref="Exception.Message"/> is one line for a person, without
/// secrets. Programs end with exit code 2.
/// </summary>
public sealed class UsageException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is wrong and how it is written right.</param>
    public UsageException(string message)
        : base(message)
    {
    }
}
