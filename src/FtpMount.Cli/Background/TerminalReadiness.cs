using FtpMount.Cli.Commands;
using FtpMount.Service;
using FtpMount.Service.Control;

namespace FtpMount.Cli.Background;

/// <summary>In the foreground the user reads stderr.</summary>
internal sealed class TerminalReadiness(MountConfiguration configuration) : IReadiness
{
    public bool IsForeground => true;

    public void Ready() => Messages.Write($"{configuration.Source} is mounted on {configuration.MountPoint}; Ctrl-C unmounts it");

    public void Unsent(IReadOnlyList<UploadStatus> pending, string stateDirectory) => UnsentList.Write(pending, stateDirectory);
}
