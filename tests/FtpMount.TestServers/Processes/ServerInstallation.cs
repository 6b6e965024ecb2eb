using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace FtpMount.TestServers.Processes;

/// <summary>
/// Where the servers' programs are: unpacked side by side below <c>$XDG_CACHE_HOME/ftpmount-tests/servers</c> by
/// scripts/install-test-servers.sh, which is run when something is missing. The script holds a lock, so test programs that start at
/// the same time do not disturb each other.
/// </summary>
internal static class ServerInstallation
{
    /// <summary>The distribution's Python; another one on the path does not have pyftpdlib.</summary>
    public const string Python = "/usr/bin/python3";

    /// <summary>OpenSSH's daemon, which wants to be started by its absolute path.</summary>
    public const string Sshd = "/usr/sbin/sshd";

    /// <summary>OpenSSH's sftp-server, which dropbear starts.</summary>
    public const string SftpServer = "/usr/lib/openssh/sftp-server";

    private static readonly SemaphoreSlim OneInstallation = new(1, 1);

    /// <summary>Whether the script has what it needs.</summary>
    public static bool CanInstall => File.Exists("/usr/bin/apt-get");

    private static string ServersFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".cache"),
        "ftpmount-tests",
        "servers");

    private static string Script => Path.Combine(
        typeof(ServerInstallation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(item => item.Key == "RepositoryRoot").Value!,
        "scripts",
        "install-test-servers.sh");

    /// <summary>The folder that dropbear's packages are unpacked into.</summary>
    public static string DropbearFolder => Path.Combine(ServersFolder, "dropbear");

    /// <summary>The folder that a server's packages are unpacked into.</summary>
    public static string FolderOf(FtpServerKind kind) => Path.Combine(ServersFolder, kind switch
    {
        FtpServerKind.Vsftpd => "vsftpd",
        FtpServerKind.ProFtpd => "proftpd",
        FtpServerKind.PureFtpd => "pure-ftpd",
        FtpServerKind.InetutilsFtpd => "inetutils-ftpd",
        FtpServerKind.BusyboxFtpd => "busybox",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This server is not unpacked"),
    });

    /// <summary>LD_LIBRARY_PATH for the libraries that were unpacked with a server, and a locale in which names are UTF-8.</summary>
    public static Dictionary<string, string> EnvironmentOf(FtpServerKind kind) => EnvironmentOf(FolderOf(kind));

    /// <summary>The same for a folder that packages are unpacked into.</summary>
    public static Dictionary<string, string> EnvironmentOf(string folder)
    {
        string triplet = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
        return new Dictionary<string, string>
        {
            ["LD_LIBRARY_PATH"] = $"{folder}/usr/lib/{triplet}:{folder}/lib/{triplet}",
            ["LC_ALL"] = "C.UTF-8",
            ["TZ"] = "UTC",
        };
    }

    /// <summary>Whether everything that a server needs is here.</summary>
    /// <param name="kind">The FTP server, or null for OpenSSH.</param>
    public static bool IsInstalled(FtpServerKind? kind) => File.Exists(Python) && TestAccount.Exists && kind switch
    {
        null => File.Exists(Sshd),
        FtpServerKind.Pyftpdlib => Directory.Exists("/usr/lib/python3/dist-packages/pyftpdlib") && Directory.Exists("/usr/lib/python3/dist-packages/OpenSSL"),
        // busybox has the listener for it.
        FtpServerKind.InetutilsFtpd => IsUnpacked(FtpServerKind.InetutilsFtpd) && IsUnpacked(FtpServerKind.BusyboxFtpd),
        { } unpacked => IsUnpacked(unpacked),
    };

    /// <summary>Whether everything that an SSH server needs is here.</summary>
    public static bool IsInstalled(SftpServerKind kind) => IsInstalled(kind == SftpServerKind.ProFtpd ? FtpServerKind.ProFtpd : (FtpServerKind?)null)
        && (kind != SftpServerKind.Dropbear || (File.Exists(SftpServer) && File.Exists(Path.Combine(DropbearFolder, ".complete"))));

    private static bool IsUnpacked(FtpServerKind kind) => File.Exists(Path.Combine(FolderOf(kind), ".complete"));

    /// <summary>Runs the installation script unless everything is here.</summary>
    /// <exception cref="InvalidOperationException">The script failed; the message has its output.</exception>
    public static Task EnsureAsync(FtpServerKind? kind, CancellationToken cancellationToken) =>
        EnsureAsync(kind?.ToString() ?? "OpenSSH", () => IsInstalled(kind), cancellationToken);

    /// <summary>Runs the installation script unless everything is here.</summary>
    /// <exception cref="InvalidOperationException">The script failed; the message has its output.</exception>
    public static Task EnsureAsync(SftpServerKind kind, CancellationToken cancellationToken) =>
        EnsureAsync(kind.ToString(), () => IsInstalled(kind), cancellationToken);

    private static async Task EnsureAsync(string name, Func<bool> isInstalled, CancellationToken cancellationToken)
    {
        if (isInstalled())
            return;
        await OneInstallation.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (isInstalled())
                return;
            var start = new ProcessStartInfo("/bin/bash")
            {
                ArgumentList = { "-c", "exec \"$0\" 2>&1 </dev/null", Script },
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            using Process script = Process.Start(start) ?? throw new InvalidOperationException($"{Script} did not start");
            string output = await script.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await script.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (script.ExitCode != 0 || !isInstalled())
                throw new InvalidOperationException($"{name} is not here and {Script} could not fetch it (exit code {script.ExitCode}):\n{output}");
        }
        finally
        {
            OneInstallation.Release();
        }
    }
}
