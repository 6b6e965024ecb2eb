using FtpMount.Cli;
using FtpMount.Cli.Commands;
using FtpMount.Cli.Posix;
using FtpMount.Cli.Secrets;
using FtpMount.Service;
using FtpMount.Sftp.Transport.Ssh;

// ssh starts this program once more to ask for a password: that is all it does then.
if (AskpassClient.IsWanted)
    return AskpassClient.Run(args, Console.Out);

// The exit codes and the one-line errors on stderr are a promise to scripts: whatever goes wrong ends here.
try
{
    var secrets = SecretHandover.Receive(ref args);
    var asMountHelper = MountHelper.IsInvocation(OwnCommandLine.Name, args);
    if (secrets is null)
        SecretHandover.HideFromProcessList(args, asMountHelper);
    return asMountHelper
        ? await MountHelper.RunAsync(args, secrets ?? HandedSecrets.None)
        : await FtpMountCommand.InvokeAsync(args, secrets ?? HandedSecrets.None);
}
catch (UsageException exception)
{
    Messages.Write(exception.Message);
    return ExitCode.WrongUsage;
}
catch (MountException exception)
{
    Messages.Write(exception.Message);
    return ExitCode.Failed;
}
catch (OperationCanceledException)
{
    Messages.Write("interrupted");
    return ExitCode.Failed;
}
