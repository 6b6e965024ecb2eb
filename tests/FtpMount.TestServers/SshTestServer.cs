using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers;

/// <summary>
/// A real OpenSSH server that offers SFTP only, on a loopback port of its own. The session starts in <see cref="RootDirectory"/>,
/// which is an absolute path of this machine: nobody is confined. Run as an ordinary user it lets that user in by key only
/// (<see cref="Password"/> is empty), because it cannot read the system's passwords.
/// </summary>
public sealed class SshTestServer : IAsyncDisposable
{
    private const int PortAttempts = 5;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(20);

    private readonly TestServerInstance _instance;

    private SshTestServer(TestServerInstance instance) => _instance = instance;

    /// <summary>The address that it listens on.</summary>
    public string Host => _instance.Address.ToString();

    /// <summary>The port that it listens on; stays the same over <see cref="RestartAsync"/>.</summary>
    public int Port => _instance.Port;

    /// <summary>The name to log in with.</summary>
    public string User => _instance.Command.User;

    /// <summary>The password to log in with; empty when only the key opens.</summary>
    public string Password => _instance.Command.Password;

    /// <summary>The client's private key (OpenSSH format, Ed25519, no passphrase).</summary>
    public string PrivateKeyPath => Path.Combine(_instance.Directory.Etc, "id_ed25519");

    /// <summary>The server's private host key (Ed25519); the public one is beside it with <c>.pub</c> added.</summary>
    public string HostKeyPath => Path.Combine(_instance.Directory.Etc, "host_ed25519");

    /// <summary>The folder on disk that the session starts in.</summary>
    public string RootDirectory => _instance.Directory.Root;

    /// <summary>The folder with its logs.</summary>
    public string LogDirectory => _instance.Directory.Log;

    /// <summary><c>sftp://user@host:port/~/</c></summary>
    public string Url
    {
        get
        {
            string host = _instance.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Host}]" : Host;
            return $"sftp://{Uri.EscapeDataString(User)}@{host}:{Port}/~/";
        }
    }

    /// <summary>How many connections are established at the moment.</summary>
    public int ConnectionCount => _instance.ConnectionCount;

    /// <summary>Whether OpenSSH can be started here; what is merely not installed yet counts as available.</summary>
    /// <param name="reason">Why not; empty when it can.</param>
    public static bool IsAvailable(out string reason)
    {
        reason = !OperatingSystem.IsLinux() ? "The OpenSSH test server runs on Linux only"
            : !ServerInstallation.IsInstalled(null) && !ServerInstallation.CanInstall ? "OpenSSH is not installed and there is no apt-get to fetch it with"
            : "";
        return reason.Length == 0;
    }

    /// <summary>Starts a server; it has sent its identification when this returns.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="ct">Ends the attempt.</param>
    /// <exception cref="InvalidOperationException">It did not come up within 20 seconds; the message has its log.</exception>
    public static async Task<SshTestServer> StartAsync(SshServerOptions? options = null, CancellationToken ct = default)
    {
        options ??= new SshServerOptions();
        if (!IsAvailable(out string reason))
            throw new NotSupportedException(reason);
        await ServerInstallation.EnsureAsync(null, ct).ConfigureAwait(false);
        var address = IPAddress.Parse(options.ListenAddress);
        if (!IPAddress.IsLoopback(address))
            throw new NotSupportedException("Test servers listen on loopback only");
        for (int attempt = 1; ; attempt++)
        {
            var instance = TestServerInstance.Create("sshd", address, (directory, port) => Configure(directory, address, port, options));
            var server = new SshTestServer(instance);
            try
            {
                await server.LaunchAsync(ct).ConfigureAwait(false);
                return server;
            }
            catch (PortTakenException) when (attempt < PortAttempts)
            {
                await instance.DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                await instance.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>SIGKILL to the server and all its sessions.</summary>
    public Task KillAsync(CancellationToken ct = default) => _instance.Process.KillAsync(ct);

    /// <summary>Starts it again on the same port with the same root, after killing what is left of it.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await KillAsync(ct).ConfigureAwait(false);
        await LaunchAsync(ct).ConfigureAwait(false);
    }

    /// <summary>SIGSTOP to the server and all its sessions.</summary>
    public Task SuspendAsync(CancellationToken ct = default) => _instance.Process.SuspendAsync(ct);

    /// <summary>SIGCONT after <see cref="SuspendAsync"/>.</summary>
    public Task ResumeAsync(CancellationToken ct = default) => _instance.Process.ResumeAsync(ct);

    /// <summary>Gives files that the test has put into <see cref="RootDirectory"/> to the user who logs in.</summary>
    /// <param name="relativePath">A file or folder below the root, or null for all of it.</param>
    public void AdoptFiles(string? relativePath = null) =>
        TestAccount.Current.TakeOwnership(relativePath is null ? RootDirectory : Path.Combine(RootDirectory, relativePath));

    /// <summary>All logs of the server.</summary>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => _instance.Directory.ReadLogAsync(ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _instance.DisposeAsync();

    private static ServerCommand Configure(ServerDirectory directory, IPAddress address, int port, SshServerOptions options)
    {
        TestAccount account = TestAccount.Current;
        string hostKey = MakeKey(directory, "host_ed25519");
        string clientKey = MakeKey(directory, "id_ed25519");
        string authorized = directory.Write("authorized_keys", File.ReadAllText(clientKey + ".pub"));
        string sftp = $"internal-sftp{(options.ReadOnly ? " -R" : "")} -d {directory.Root}";
        if (TestAccount.IsRoot)
            Directory.CreateDirectory("/run/sshd"); // where it confines the process that talks before the login
        List<string> lines =
        [
            .. options.ExtraConfiguration,
            $"Port {port.ToString(CultureInfo.InvariantCulture)}",
            $"ListenAddress {address}",
            $"HostKey {hostKey}",
            $"AuthorizedKeysFile {authorized}",
            $"AllowUsers {account.Name}",
            "PasswordAuthentication yes",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            "PermitRootLogin no",
            "StrictModes no",
            "UseDNS no",
            "LogLevel VERBOSE",
            "MaxStartups 1000",
            $"MaxSessions {options.MaxSessions.ToString(CultureInfo.InvariantCulture)}",
            "PidFile none",
            $"Subsystem sftp {sftp}",
            $"ForceCommand {sftp}",
        ];
        string configuration = directory.Write("sshd_config", string.Join('\n', lines) + "\n");
        return new ServerCommand(
            ServerInstallation.Sshd,
            ["-D", "-e", "-f", configuration],
            new Dictionary<string, string> { ["TZ"] = "UTC" },
            account.Name,
            TestAccount.IsRoot ? account.Password : "");
    }

    private static string MakeKey(ServerDirectory directory, string name)
    {
        string path = Path.Combine(directory.Etc, name);
        using Process keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ftpmount-test", "-f", path]);
        keygen.WaitForExit();
        return keygen.ExitCode == 0 ? path : throw new InvalidOperationException($"ssh-keygen failed with exit code {keygen.ExitCode}");
    }

    private Task LaunchAsync(CancellationToken cancellationToken) => _instance.LaunchAsync(StartDeadline, IdentifyAsync, cancellationToken);

    private static async Task IdentifyAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        string? line = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (line is null || !line.StartsWith("SSH-2.0-", StringComparison.Ordinal))
            throw new IOException($"The server identified itself as \"{line}\"");
    }
}
