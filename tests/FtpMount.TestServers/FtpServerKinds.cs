using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers;

/// <summary>Which servers there are and which of them can run here.</summary>
public static class FtpServerKinds
{
    /// <summary>
    /// The servers in wide use, that everything runs against; <c>new TheoryData&lt;FtpServerKind&gt;(FtpServerKinds.All)</c> makes them the rows of an xunit theory.
    /// </summary>
    public static readonly FtpServerKind[] All = [FtpServerKind.Vsftpd, FtpServerKind.ProFtpd, FtpServerKind.PureFtpd, FtpServerKind.Pyftpdlib];

    /// <summary>Small servers that have LIST and nothing newer, without TLS.</summary>
    public static readonly FtpServerKind[] ListOnly = [FtpServerKind.InetutilsFtpd, FtpServerKind.BusyboxFtpd];

    /// <summary>All of both.</summary>
    public static readonly FtpServerKind[] Every = [.. All, .. ListOnly];

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
        else if (kind == FtpServerKind.InetutilsFtpd && !TestAccount.IsRoot)
            reason = "inetutils-ftpd lets users in as root only";
        else if (!ServerInstallation.IsInstalled(kind) && !ServerInstallation.CanInstall)
            reason = $"{kind} is not unpacked and there is no apt-get to fetch it with";
        else
            reason = "";
        return reason.Length == 0;
    }
}
