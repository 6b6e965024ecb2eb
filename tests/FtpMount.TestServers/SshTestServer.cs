using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FtpMount.TestServers.Configurations;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers;

/// <summary>
/// A real SSH server that offers SFTP only, on a loopback port of its own. The session starts in <see cref="RootDirectory"/>. With OpenSSH that is
/// an absolute path of this machine and nobody is confined; ProFTPD run as root shows it as <c>/</c>. Run as an ordinary user OpenSSH lets that user in
/// by key only (<see cref="Password"/> is empty), because it cannot read the system's passwords.
/// </summary>
public sealed class SshTestServer : IAsyncDisposable
{
    private const int PortAttempts = 5;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(20);

    private readonly TestServerInstance _instance;

    private SshTestServer(TestServerInstance instance, SftpServerKind kind)
    {
        _instance = instance;
        Kind = kind;
    }

    /// <summary>Which program it is.</summary>
    public SftpServerKind Kind { get; }

    /// <summary>The address that it listens on.</summary>
    public string Host => _instance.Address.ToString();

    /// <summary>The port that it listens on; stays the same over <see cref="RestartAsync"/>.</summary>
    public int Port => _instance.Port;

    /// <summary>The name to log in with.</summary>
    public string User => _instance.Command.User;

    /// <summary>The password to log in with; empty when only the key opens.</summary>
    public string Password => _instance.Command.Password;

    /// <summary>The client's private key without passphrase (Ed25519; ProFTPD: RSA).</summary>
    public string PrivateKeyPath => Path.Combine(_instance.Directory.Etc, "id_" + KeyType(Kind));

    /// <summary>The server's private host key (Ed25519; ProFTPD: RSA); the public one is beside it with <c>.pub</c> added.</summary>
    public string HostKeyPath => Path.Combine(_instance.Directory.Etc, "host_" + KeyType(Kind));

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
    public static bool IsAvailable(out string reason) => IsAvailable(SftpServerKind.OpenSsh, out reason);

    /// <summary>Whether a server can be started here; what is merely not installed yet counts as available.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="reason">Why not; empty when it can.</param>
    public static bool IsAvailable(SftpServerKind kind, out string reason)
    {
        reason = !OperatingSystem.IsLinux() ? "SSH test servers run on Linux only"
            : kind == SftpServerKind.Dropbear && !TestAccount.IsRoot ? "dropbear takes the keys that open it from the user's home; one for tests can be made by root only"
            : !ServerInstallation.IsInstalled(kind) && !ServerInstallation.CanInstall ? $"{kind} is not installed and there is no apt-get to fetch it with"
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
        if (!IsAvailable(options.Kind, out string reason))
            throw new NotSupportedException(reason);
        await ServerInstallation.EnsureAsync(null, ct).ConfigureAwait(false);
        await ServerInstallation.EnsureAsync(options.Kind, ct).ConfigureAwait(false);
        var address = IPAddress.Parse(options.ListenAddress);
        if (!IPAddress.IsLoopback(address))
            throw new NotSupportedException("Test servers listen on loopback only");
        for (int attempt = 1; ; attempt++)
        {
            var instance = TestServerInstance.Create(
                options.Kind switch
                {
                    SftpServerKind.ProFtpd => "proftpd-sftp",
                    SftpServerKind.Dropbear => "dropbear",
                    _ => "sshd",
                },
                address,
                (directory, port) => options.Kind switch
                {
                    SftpServerKind.ProFtpd => ProFtpdSftpConfiguration.Write(directory, address, port, options),
                    SftpServerKind.Dropbear => DropbearConfiguration.Write(directory, address, port, options),
                    _ => Configure(directory, address, port, options),
                });
            var server = new SshTestServer(instance, options.Kind);
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

    private static string KeyType(SftpServerKind kind) => kind == SftpServerKind.ProFtpd ? "rsa" : "ed25519";

    /// <summary>Makes a key whose type is the last part of its name, with the public one beside it.</summary>
    internal static string MakeKey(ServerDirectory directory, string name)
    {
        string path = Path.Combine(directory.Etc, name);
        // PEM: the form that ProFTPD reads; Ed25519 keys have OpenSSH's own form only.
        using Process keygen = Process.Start("ssh-keygen", ["-q", "-t", name[(name.IndexOf('_', StringComparison.Ordinal) + 1)..], "-m", "PEM", "-N", "", "-C", "ftpmount-test", "-f", path]);
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
