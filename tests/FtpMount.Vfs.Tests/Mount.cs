using System.Text;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Vfs.Tests;

/// <summary>A virtual file system on a <see cref="MemoryRemote"/>, with paths instead of node numbers for the tests' convenience.</summary>
internal sealed class Mount : IAsyncDisposable
{
    public static readonly VfsCaller Caller = new(1000, 1000, 1);

    public static readonly CancellationToken None = CancellationToken.None;

    private readonly System.Collections.Concurrent.ConcurrentQueue<NodeId> _lookedUp = new();
    private readonly string _directory;

    private readonly MemoryRemote? _memory;
    private readonly FakeTimeProvider? _time;

    /// <summary>On a server in memory and a clock that stands still.</summary>
    public Mount(Action<MemoryRemote>? prepare = null, Func<VfsOptions, VfsOptions>? options = null)
        : this(new FakeTimeProvider(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero)), prepare, options)
    {
    }

    /// <summary>On any server, in real time.</summary>
    public Mount(IRemoteFileSystem remote, Func<VfsOptions, VfsOptions>? options = null)
        : this(remote, TimeProvider.System, options)
    {
    }

    private Mount(FakeTimeProvider time, Action<MemoryRemote>? prepare, Func<VfsOptions, VfsOptions>? options)
        : this(Prepared(new MemoryRemote(time), prepare), time, options)
    {
    }

    private Mount(IRemoteFileSystem remote, TimeProvider time, Func<VfsOptions, VfsOptions>? options, string? directory = null)
    {
        _directory = directory ?? Path.Combine(Path.GetTempPath(), $"ftpmount-vfs-{Guid.NewGuid():n}");
        _time = time as FakeTimeProvider;
        _memory = remote as MemoryRemote;
        var chosen = new VfsOptions
        {
            CacheDirectory = Path.Combine(_directory, "cache"),
            StateDirectory = Path.Combine(_directory, "state"),
            UserId = 1000,
            GroupId = 1000,
            MemoryBytes = 8 << 20,

            // What most tests are about: a close that tells what became of the content.
            WriteBack = TimeSpan.Zero,
            Close = VfsCloseMode.Remote,
            HostName = "here",

            // The way of most uploads; that of small new files has tests of its own.
            Upload = VfsUploadMode.Temporary,
        };
        Options = options is null ? chosen : options(chosen);
        Vfs = new VirtualFileSystem(remote, Options, time, NullLoggerFactory.Instance);
        Observer = new RecordingObserver();
        Vfs.Attach(Observer);
    }

    /// <summary>The next mount of the same server with the same folders, after this one was disposed without being deleted.</summary>
    public static async Task<Mount> AfterAsync(Mount earlier, Func<VfsOptions, VfsOptions>? options = null)
    {
        var next = new Mount(earlier.Remote, earlier.Time, options, earlier._directory);
        await next.Vfs.RecoverAsync(None);
        return next;
    }

    /// <summary>A mount of the same server with a copy of the folders of what must survive, as they are at this moment, while the other goes on.</summary>
    public static async Task<Mount> OnCopyAsync(Mount running, Action<string>? damage = null, Func<VfsOptions, VfsOptions>? options = null)
    {
        var directory = Path.Combine(Path.GetTempPath(), $"ftpmount-vfs-{Guid.NewGuid():n}");
        foreach (var folder in new[] { "state", "state/staging" })
        {
            Directory.CreateDirectory(Path.Combine(directory, folder));
            foreach (var file in Directory.GetFiles(Path.Combine(running._directory, folder)))
                File.Copy(file, Path.Combine(directory, folder, Path.GetFileName(file)));
        }

        damage?.Invoke(Path.Combine(directory, "state"));
        var next = new Mount(running.Remote, running.Time, options, directory);
        await next.Vfs.RecoverAsync(None);
        return next;
    }

    public FakeTimeProvider Time => _time ?? throw new InvalidOperationException("This mount runs in real time.");

    public MemoryRemote Remote => _memory ?? throw new InvalidOperationException("This mount is not on a server in memory.");

    /// <summary>Lets time pass where that can be done.</summary>
    public void Pass(TimeSpan time) => _time?.Advance(time);

    public VfsOptions Options { get; }

    public VirtualFileSystem Vfs { get; }

    public RecordingObserver Observer { get; }

    public string StagingDirectory => Path.Combine(Options.StateDirectory, "staging");

    public string[] StagingFiles => Directory.GetFiles(StagingDirectory);

    /// <summary>Looks a path up, part by part; each counts as a lookup as the kernel's do.</summary>
    public async Task<VfsEntry> Lookup(string path)
    {
        var entry = new VfsEntry { Node = NodeId.Root };
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var found = await Vfs.LookupAsync(entry.Node, name, None);
            Assert.Equal(VfsError.None, found.Error);
            entry = found.Value;
            if (entry.Node.IsNone)
                break;
            _lookedUp.Enqueue(entry.Node);
        }

        return entry;
    }

    /// <summary>Gives back the lookups of all paths so far, as a kernel short of memory does.</summary>
    public void ForgetAll()
    {
        while (_lookedUp.TryDequeue(out var node))
            Vfs.Forget(node, 1);
    }

    public async Task<bool> Exists(string path) => !(await Lookup(path)).Node.IsNone;

    public async Task<NodeId> Node(string path)
    {
        var entry = await Lookup(path);
        Assert.False(entry.Node.IsNone, $"{path} does not exist");
        return entry.Node;
    }

    public async Task<(NodeId Parent, string Name)> Split(string path)
    {
        var slash = path.LastIndexOf('/');
        return (await Node(path[..slash]), path[(slash + 1)..]);
    }

    public async Task<VfsAttributes> Attributes(string path)
    {
        var reply = await Vfs.GetAttributesAsync(await Node(path), VfsHandle.None, None);
        Assert.Equal(VfsError.None, reply.Error);
        return reply.Value.Attributes;
    }

    public async Task<VfsHandle> Open(string path, VfsOpenFlags flags = VfsOpenFlags.Read)
    {
        var opened = await Vfs.OpenAsync(await Node(path), flags, Caller, None);
        Assert.Equal(VfsError.None, opened.Error);
        return opened.Value.Handle;
    }

    public async Task<VfsHandle> Create(string path, VfsOpenFlags flags = VfsOpenFlags.Read | VfsOpenFlags.Write, int mode = 0x1A4)
    {
        var (parent, name) = await Split(path);
        var created = await Vfs.CreateAsync(parent, name, mode, flags, Caller, None);
        Assert.Equal(VfsError.None, created.Error);
        _lookedUp.Enqueue(created.Value.Entry.Node);
        return created.Value.Open.Handle;
    }

    public async Task Write(VfsHandle handle, long offset, string text)
    {
        var written = await Vfs.WriteAsync(handle, offset, Encoding.UTF8.GetBytes(text), None);
        Assert.Equal(VfsError.None, written.Error);
        Assert.Equal(Encoding.UTF8.GetByteCount(text), written.Value);
    }

    public async Task<string> Read(VfsHandle handle, long offset = 0, int count = 1 << 16)
    {
        var buffer = new byte[count];
        var read = await Vfs.ReadAsync(handle, offset, buffer, None);
        Assert.Equal(VfsError.None, read.Error);
        return Encoding.UTF8.GetString(buffer, 0, read.Value);
    }

    /// <summary>Flush and release, as the kernel does for the last close; the error of the flush.</summary>
    public async Task<VfsError> Close(VfsHandle handle)
    {
        var error = await Vfs.FlushAsync(handle, None);
        await Vfs.ReleaseAsync(handle);
        return error;
    }

    public async Task CloseWell(VfsHandle handle) => Assert.Equal(VfsError.None, await Close(handle));

    public async Task WriteFile(string path, string text)
    {
        var handle = await Exists(path)
            ? await Open(path, VfsOpenFlags.Write | VfsOpenFlags.Truncate)
            : await Create(path, VfsOpenFlags.Write);
        await Write(handle, 0, text);
        await CloseWell(handle);
    }

    public async Task<string> ReadFile(string path)
    {
        var handle = await Open(path);
        var text = await Read(handle);
        await Close(handle);
        return text;
    }

    public async Task<VfsError> Unlink(string path)
    {
        var (parent, name) = await Split(path);
        return await Vfs.UnlinkAsync(parent, name, None);
    }

    public async Task<VfsError> RemoveDirectory(string path)
    {
        var (parent, name) = await Split(path);
        return await Vfs.RemoveDirectoryAsync(parent, name, None);
    }

    public async Task<VfsError> MakeDirectory(string path, int mode = 0x1ED)
    {
        var (parent, name) = await Split(path);
        var made = await Vfs.CreateDirectoryAsync(parent, name, mode, Caller, None);
        if (made.IsSuccess)
            _lookedUp.Enqueue(made.Value.Node);
        return made.Error;
    }

    public async Task<VfsError> Rename(string from, string to, VfsRenameFlags flags = VfsRenameFlags.None)
    {
        var (parent, name) = await Split(from);
        var (newParent, newName) = await Split(to);
        return await Vfs.RenameAsync(parent, name, newParent, newName, flags, None);
    }

    public async Task<VfsError> SetAttributes(string path, VfsAttributeChange change) =>
        (await Vfs.SetAttributesAsync(await Node(path), VfsHandle.None, change, Caller, None)).Error;

    public async Task<VfsHandle> OpenDirectory(string path)
    {
        var opened = await Vfs.OpenDirectoryAsync(await Node(path), None);
        Assert.Equal(VfsError.None, opened.Error);
        return opened.Value.Handle;
    }

    public async Task<CollectingSink> ReadDirectory(VfsHandle handle, long cookie = 0, bool entries = false, int room = int.MaxValue)
    {
        var sink = new CollectingSink(entries, room);
        Assert.Equal(VfsError.None, await Vfs.ReadDirectoryAsync(handle, cookie, sink, None));
        return sink;
    }

    /// <summary>The names in a directory, without <c>.</c> and <c>..</c>, in order of name.</summary>
    public async Task<string[]> Names(string path)
    {
        var handle = await OpenDirectory(path);
        var sink = await ReadDirectory(handle);
        Vfs.ReleaseDirectory(handle);
        return [.. sink.Taken.Select(t => t.Name).Where(n => n is not ("." or "..")).Order(StringComparer.Ordinal)];
    }

    private static MemoryRemote Prepared(MemoryRemote remote, Action<MemoryRemote>? prepare)
    {
        prepare?.Invoke(remote);
        return remote;
    }

    public async ValueTask DisposeAsync()
    {
        await Vfs.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
