using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers;

/// <summary>Which servers there are and which of them can run here.</summary>
public static class FtpServerKinds
{
    /// <summary>All kinds; <c>new TheoryData&lt;FtpServerKind&gt;(FtpServerKinds.All)</c> makes them the rows of an xunit theory.</summary>
    public static readonly FtpServerKind[] All = Enum.GetValues<FtpServerKind>();

    /// <summary>
    /// Whether a server of this kind can be started here. What is merely not unpacked yet counts as available:
    /// <see cref="FtpTestServer.StartAsync"/> fetches it.
    /// </summary>
    /// <param name="kind">The server.</param>
    /// <param name="reason">Why not; empty when it can.</param>
    public static bool IsAvailable(FtpServerKind kind, out string reason)
    {
        if (!OperatingSystem.IsLinux())
            reason = $"{kind} runs on Linux only";
        else if (kind == FtpServerKind.PureFtpd && !TestAccount.IsRoot)
            reason = "Pure-FTPd starts as root only";
        else if (!ServerInstallation.IsInstalled(kind) && !ServerInstallation.CanInstall)
            reason = $"{kind} is not unpacked and there is no apt-get to fetch it with";
        else
            reason = "";
        return reason.Length == 0;
    }
}
