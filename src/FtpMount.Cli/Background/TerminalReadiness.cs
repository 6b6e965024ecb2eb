using FtpMount.Cli.Commands;
using FtpMount.Cli.Secrets;
using FtpMount.Service;
using FtpMount.Service.Control;
using FtpMount.Sftp.Transport;

namespace FtpMount.Cli.Background;

/// <summary>In the foreground the user reads stderr.</summary>
internal sealed class TerminalReadiness(MountConfiguration configuration) : IReadiness
{
    public bool IsForeground => true;

    public ISshPrompter Prompter { get; } = new TerminalPrompter();

    public void Ready() => Messages.Write($"{configuration.Source} is mounted on {configuration.MountPoint}; Ctrl-C unmounts it");

    public void Unsent(IReadOnlyList<UploadStatus> pending, string stateDirectory) => UnsentList.Write(pending, stateDirectory);
}
