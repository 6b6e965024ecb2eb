using FtpMount.Sftp.Transport;

namespace FtpMount.Cli.Background;

/// <summary>Who waits for a mount to answer.</summary>
internal interface IReadiness
{
    /// <summary>Whether messages also go to this process's stderr.</summary>
    bool IsForeground { get; }

    /// <summary>Asks whoever waits for what a login needs, until the mount answers.</summary>
    ISshPrompter Prompter { get; }

    /// <summary>The mount answers.</summary>
    void Ready();

    /// <summary>It ended, and this could not be sent.</summary>
    void Unsent(IReadOnlyList<Service.Control.UploadStatus> pending, string stateDirectory);
}
