using System.Diagnostics;
using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.Transport;
using FtpMount.Sftp.Transport.BuiltIn;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.BuiltIn;

/// <summary>A home folder with an empty <c>.ssh</c>, for connections that must not see this machine's.</summary>
internal sealed class SshHome : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ftpmount-ssh-");

    public SshHome()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, ".ssh"));
        Environment = new SshEnvironment
        {
            HomeDirectory = _folder.FullName,
            UserName = "local-user",
            MachineName = "machine.example.org",
            UserConfigurationFile = InHome("config"),
            SystemConfigurationFile = Path.Combine(_folder.FullName, "etc", "ssh_config"),
            SystemKnownHostsFiles = [Path.Combine(_folder.FullName, "etc", "ssh_known_hosts")],
            GetVariable = Variables.GetValueOrDefault,
        };
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "etc"));
    }

    public Dictionary<string, string?> Variables { get; } = [];

    public SshEnvironment Environment { get; }

    public string Folder => _folder.FullName;

    public string KnownHosts => InHome("known_hosts");

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A path in <c>.ssh</c>.</summary>
    public string InHome(string name) => Path.Combine(_folder.FullName, ".ssh", name);

    /// <summary>Writes a file in <c>.ssh</c> that nobody else can read.</summary>
    public string Write(string name, string content)
    {
        var path = InHome(name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Notes the server's key as that of its host and port.</summary>
    public void Trust(SshTestServer server, int? port = null) =>
        File.AppendAllText(KnownHosts, $"[{server.Host}]:{port ?? server.Port} {File.ReadAllText(server.HostKeyPath + ".pub")}");

    public static SftpOptions OptionsFor(SshTestServer server, int? port = null) => new()
    {
        Host = server.Host,
        Port = port ?? server.Port,
        User = server.User,
        Transport = SftpTransportKind.Builtin,
        IdentityFiles = [server.PrivateKeyPath],
        Timeout = TimeSpan.FromSeconds(20),
    };

    public BuiltInSshConnector Connector(SftpOptions options, ISshPrompter? prompter = null, TimeProvider? time = null, ILogger? logger = null) =>
        new(options, prompter, Environment, time ?? TimeProvider.System, logger ?? NullLogger.Instance);

    /// <summary>Connects and says hello in SFTP: the server's version.</summary>
    public async Task<uint> HelloAsync(SftpOptions options, ISshPrompter? prompter = null)
    {
        await using var connector = Connector(options, prompter);
        await using var transport = await connector.ConnectAsync(Token);
        return await HelloAsync(transport);
    }

    public static async Task<uint> HelloAsync(ISftpTransport transport)
    {
        await transport.SendAsync(new byte[] { 0, 0, 0, 5, 1, 0, 0, 0, 3 }, Token);
        var buffer = new byte[4096];
        for (var length = 0; ;)
        {
            var count = await transport.ReceiveAsync(buffer.AsMemory(length), Token);
            Assert.NotEqual(0, count);
            length += count;
            if (length >= 9 && length >= 4 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(buffer))
                return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(5));
        }
    }

    /// <summary>Runs a program and expects it to succeed.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(Token);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors.Result}");
        return output;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
