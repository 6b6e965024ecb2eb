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
    private readonly MountOptions _options = new();
    private Mount? _mount;

    private WorkPlace(string? folder, FtpTestServer? server)
    {
        _folder = folder;
        _server = server;
    }

    /// <summary>All work places: a local directory and one server of each kind.</summary>
    public static TheoryData<string> All => [Local, .. FtpServerKinds.All.Select(kind => kind.ToString())];

    /// <summary>The server; null on a local directory.</summary>
    public FtpServerKind? Kind => _server?.Kind;

    /// <summary>The directory as programs see it.</summary>
    public string Directory => _mount?.MountPoint ?? _folder!;

    /// <summary>The directory on the server's disk.</summary>
    public string ServerDirectory => _server?.RootDirectory ?? _folder!;

    /// <summary>Opens a work place, empty.</summary>
    public static async Task<WorkPlace> OpenAsync(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Mounts by FUSE are of Linux");
        if (name == Local)
            return new WorkPlace(System.IO.Directory.CreateTempSubdirectory("ftpmount-e2e-local-").FullName, null);
        MountProgram.SkipUnlessPresent();
        FtpServerKind kind = Enum.Parse<FtpServerKind>(name);
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        var place = new WorkPlace(null, await FtpTestServer.StartAsync(kind));
        try
        {
            place._mount = await Mount.StartAsync(place._server!, place._options);
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
        _mount = await Mount.StartAsync(_server!, _options);
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
        if (_folder is not null)
            System.IO.Directory.Delete(_folder, recursive: true);
    }
}
