namespace FtpMount.Sftp.Transport;

/// <summary>
/// Asks the person in front of the terminal what a login needs. Called on a thread that waits for the login and for nothing else, so it may wait for as long as the
/// person takes.
/// </summary>
public interface ISshPrompter
{
    /// <summary>Whether there is somebody to ask at the moment.</summary>
    bool IsAvailable { get; }

    /// <summary>Asks for one line.</summary>
    /// <param name="question">What is asked, perhaps several lines; free of control characters but line ends.</param>
    /// <param name="isSecret">Whether what is typed must not be seen.</param>
    /// <returns>The line; null when there is nobody to ask.</returns>
    /// <exception cref="OperationCanceledException">The person gives up.</exception>
    string? Ask(string question, bool isSecret);
}
