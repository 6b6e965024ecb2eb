using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>
/// A directory to work in: on this machine's disk, which shows that a test itself is right, or on a mount of a server.
/// </summary>
public sealed class WorkPlace : IAsyncDisposable
{
    private const string Local = "local directory";

    private readonly string? _folder;
    private readonly FtpTestServer? _server;
    private readonly SshTestServer? _sshServer;
    private readonly MountSource? _source;
    private readonly MountOptions _options = new();
    private Mount? _mount;

    private WorkPlace(string folder) => _folder = folder;

    private WorkPlace(FtpTestServer server)
    {
        _server = server;
        _source = MountSource.Of(server);
    }

    private WorkPlace(SshTestServer server, string transport)
    {
        _sshServer = server;
        _source = MountSource.Of(server, transport);
    }

    /// <summary>Where ordinary programs are tried: a local directory, one FTP server of each kind, and OpenSSH by both transports.</summary>
    public static TheoryData<string> All => [Local, .. FtpServerKinds.All.Select(kind => kind.ToString()), nameof(SftpPlace.SftpOpenSshBySsh), nameof(SftpPlace.SftpOpenSshBuiltIn)];

    /// <summary>The names of the FTP servers.</summary>
    public static IReadOnlyList<string> Ftp { get; } = [.. FtpServerKinds.Every.Select(kind => kind.ToString())];

    /// <summary>The names of the SFTP servers.</summary>
    public static IReadOnlyList<string> Sftp { get; } = Enum.GetNames<SftpPlace>();

    /// <summary>The FTP server; null on a local directory and on SFTP.</summary>
    public FtpServerKind? Kind => _server?.Kind;

    /// <summary>The directory as programs see it.</summary>
    public string Directory => _mount?.MountPoint ?? _folder!;

    /// <summary>The directory on the server's disk.</summary>
    public string ServerDirectory => _server?.RootDirectory ?? _sshServer?.RootDirectory ?? _folder!;

    /// <summary>What the mount has logged; empty on a local directory.</summary>
    public string ReadLog() => _mount?.ReadLog() ?? "";

    /// <summary>Opens a work place, empty.</summary>
    public static async Task<WorkPlace> OpenAsync(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Mounts by FUSE are of Linux");
        if (name == Local)
            return new WorkPlace(System.IO.Directory.CreateTempSubdirectory("ftpmount-e2e-local-").FullName);
        MountProgram.SkipUnlessPresent();
        WorkPlace place = await StartServerAsync(name);
        try
        {
            place._mount = await Mount.StartAsync(place._source!, place._options);
            return place;
        }
        catch
        {
            await place.DisposeAsync();
            throw;
        }
    }

    /// <summary>The path of an entry.</summary>
    public string PathOf(string name) => Path.Combine(Directory, name);

    /// <summary>Unmounts and mounts again with empty caches, so that what is read next comes from the server.</summary>
    public async Task ReopenAsync()
    {
        if (_mount is null)
            return;
        await _mount.UnmountAsync();
        await _mount.DisposeAsync();
        _mount = await Mount.StartAsync(_source!, _options);
    }

    /// <summary>Unmounts in order, which must succeed. A local directory needs nothing.</summary>
    public Task CloseAsync() => _mount?.UnmountAsync() ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_mount is not null)
            await _mount.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_sshServer is not null)
            await _sshServer.DisposeAsync();
        if (_folder is not null)
            System.IO.Directory.Delete(_folder, recursive: true);
    }

    private static async Task<WorkPlace> StartServerAsync(string name)
    {
        if (Enum.TryParse(name, out SftpPlace sftp))
        {
            SftpServerKind server = sftp == SftpPlace.SftpProFtpdBuiltIn ? SftpServerKind.ProFtpd : SftpServerKind.OpenSsh;
            Assert.SkipUnless(SshTestServer.IsAvailable(server, out string why), why);
            return new WorkPlace(await SshTestServer.StartAsync(new SshServerOptions { Kind = server }), sftp == SftpPlace.SftpOpenSshBySsh ? "ssh" : "builtin");
        }
        FtpServerKind kind = Enum.Parse<FtpServerKind>(name);
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        return new WorkPlace(await FtpTestServer.StartAsync(kind));
    }
}
