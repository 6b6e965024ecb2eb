using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FtpMount.TestServers.Configurations;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers;

/// <summary>
/// A real FTP server on a loopback port of its own, with a root folder of its own. Any number run side by side. It ends, with all
/// its sessions, when it is disposed and also when the test program dies.
/// <para>Run as root, the FTP user is a dedicated account, so what a test writes into <see cref="RootDirectory"/> belongs to root:
/// the FTP user can read it, and change it after <see cref="AdoptFiles"/>.</para>
/// </summary>
public sealed class FtpTestServer : IAsyncDisposable
{
    /// <summary>Programs that are faster to bind than this one are given way to this often.</summary>
    private const int PortAttempts = 5;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(20);

    private readonly TestServerInstance _instance;
    private readonly FtpServerOptions _options;

    private FtpTestServer(FtpServerKind kind, FtpServerOptions options, TestServerInstance instance)
    {
        Kind = kind;
        _options = options;
        _instance = instance;
    }

    /// <summary>Which program it is.</summary>
    public FtpServerKind Kind { get; }

    /// <summary>The address that it listens on.</summary>
    public string Host => _instance.Address.ToString();

    /// <summary>The port of its control connections; stays the same over <see cref="RestartAsync"/>.</summary>
    public int Port => _instance.Port;

    /// <summary>The name to log in with.</summary>
    public string User => _instance.Command.User;

    /// <summary>The password to log in with.</summary>
    public string Password => _instance.Command.Password;

    /// <summary>The folder on disk that the FTP user sees as its login folder.</summary>
    public string RootDirectory => _instance.Directory.Root;

    /// <summary>What the server calls <see cref="RootDirectory"/>: the root where it confines its users, otherwise the path on disk.</summary>
    public string LoginFolder => Kind == FtpServerKind.InetutilsFtpd || (!TestAccount.IsRoot && Kind is FtpServerKind.Vsftpd or FtpServerKind.BusyboxFtpd) ? RootDirectory : "/";

    /// <summary>The folder with its logs.</summary>
    public string LogDirectory => _instance.Directory.Log;

    /// <summary>The certificate (PEM, self-signed, for localhost and the loopback addresses) that a client of a TLS server must trust.</summary>
    /// <exception cref="InvalidOperationException">The server has no TLS.</exception>
    public string CertificatePath => _options.UsesTls
        ? Path.Combine(_instance.Directory.Etc, "cert.pem")
        : throw new InvalidOperationException("This server was started without TLS");

    /// <summary><c>ftp://user:password@host:port/</c></summary>
    public string Url
    {
        get
        {
            string host = _instance.Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Host}]" : Host;
            string scheme = _options.ImplicitTls ? "ftps" : _options.Tls ? "ftpes" : "ftp";
            return $"{scheme}://{Uri.EscapeDataString(User)}:{Uri.EscapeDataString(Password)}@{host}:{Port}/";
        }
    }

    /// <summary>How many control connections are established at the moment.</summary>
    public int ControlConnectionCount => _instance.ConnectionCount;

    /// <summary>Starts a server; it has greeted with 220 when this returns.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="options">How; null for a plain, permissive one.</param>
    /// <param name="ct">Ends the attempt.</param>
    /// <exception cref="NotSupportedException">This server cannot do what the options ask for, or cannot run here.</exception>
    /// <exception cref="InvalidOperationException">It did not come up within 20 seconds; the message has its log.</exception>
    public static async Task<FtpTestServer> StartAsync(FtpServerKind kind, FtpServerOptions? options = null, CancellationToken ct = default)
    {
        options ??= new FtpServerOptions();
        if (!FtpServerKinds.IsAvailable(kind, out string reason))
            throw new NotSupportedException(reason);
        await ServerInstallation.EnsureAsync(kind, ct).ConfigureAwait(false);
        var address = IPAddress.Parse(options.ListenAddress);
        if (!IPAddress.IsLoopback(address))
            throw new NotSupportedException("Test servers listen on loopback only");
        for (int attempt = 1; ; attempt++)
        {
            var instance = TestServerInstance.Create(
                kind.ToString().ToLowerInvariant(), address, (directory, port) => FtpServerConfiguration.For(kind).Write(directory, address, port, options));
            var server = new FtpTestServer(kind, options, instance);
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

    /// <summary>SIGKILL to the server and all its sessions: every connection dies, and the port refuses until <see cref="RestartAsync"/>.</summary>
    public Task KillAsync(CancellationToken ct = default) => _instance.Process.KillAsync(ct);

    /// <summary>Starts it again on the same port with the same root, after killing what is left of it.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await KillAsync(ct).ConfigureAwait(false);
        await LaunchAsync(ct).ConfigureAwait(false);
    }

    /// <summary>SIGSTOP to the server and all its sessions: connections stay, nothing answers.</summary>
    public Task SuspendAsync(CancellationToken ct = default) => _instance.Process.SuspendAsync(ct);

    /// <summary>SIGCONT after <see cref="SuspendAsync"/>.</summary>
    public Task ResumeAsync(CancellationToken ct = default) => _instance.Process.ResumeAsync(ct);

    /// <summary>
    /// Gives files that the test has put into <see cref="RootDirectory"/> to the FTP user, so that it may change them as well.
    /// </summary>
    /// <param name="relativePath">A file or folder below the root, or null for all of it.</param>
    public void AdoptFiles(string? relativePath = null) =>
        TestAccount.Current.TakeOwnership(relativePath is null ? RootDirectory : Path.Combine(RootDirectory, relativePath));

    /// <summary>All logs of the server.</summary>
    public Task<string> ReadLogAsync(CancellationToken ct = default) => _instance.Directory.ReadLogAsync(ct);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _instance.DisposeAsync();

    private Task LaunchAsync(CancellationToken cancellationToken) =>
        _instance.LaunchAsync(StartDeadline, GreetAsync, cancellationToken);

    /// <summary>Reads the greeting and says goodbye. The session must be over before a test counts sessions.</summary>
    private async Task GreetAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (_options.ImplicitTls)
        {
            var tls = new SslStream(stream);
            await using (tls.ConfigureAwait(false))
            {
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(CertificatePath);
                var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                trust.CustomTrustStore.Add(certificate);
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = trust }, cancellationToken).ConfigureAwait(false);
                await GreetPlainAsync(tls, cancellationToken).ConfigureAwait(false);
            }
        }
        else
        {
            await GreetPlainAsync(stream, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task GreetPlainAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        string? line;
        do
        {
            line = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        }
        while (line is not null && line.StartsWith("220-", StringComparison.Ordinal));
        if (line is null || !line.StartsWith("220", StringComparison.Ordinal))
            throw new IOException($"The server greeted with \"{line}\"");
        await stream.WriteAsync("QUIT\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is not null)
        {
            // until the server has closed
        }
    }
}
