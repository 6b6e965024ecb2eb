using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>
/// A server in memory: a tree of files and directories behind the contract, with every operation recorded, failures and delays on demand,
/// and capabilities that can be taken away.
/// </summary>
internal sealed class MemoryRemote(TimeProvider time) : IRemoteFileSystem
{
    private readonly Lock _gate = new();
    private readonly Item _root = new(RemoteKind.Directory);
    private readonly ConcurrentQueue<string> _operations = new();
    private long _lastUnique;

    private sealed class Item(RemoteKind kind)
    {
        public RemoteKind Kind { get; } = kind;

        public SortedDictionary<string, Item> Children { get; } = new(StringComparer.Ordinal);

        public byte[] Content { get; set; } = [];

        public DateTimeOffset Modified { get; set; }

        public int Mode { get; set; }

        public string? Target { get; init; }

        public string Unique { get; init; } = "";

        public RemotePermissions? Permissions { get; set; }
    }

    public string DisplayName => "memory://test";

    public RemotePath Root { get; init; } = RemotePath.Root;

    public RemoteCapabilities Capabilities { get; set; } =
        RemoteCapabilities.SetModified | RemoteCapabilities.SetMode | RemoteCapabilities.AtomicReplace | RemoteCapabilities.FullStat;

    public int ParallelStores { get; set; } = 8;

    public RemoteStatistics Statistics => new() { Offline = IsOffline };

    /// <summary>Whether no connection can be made, as the pool of a real server knows it.</summary>
    public bool IsOffline { get; set; }

    /// <summary>Whether entries carry permission bits.</summary>
    public bool TellsModes { get; set; } = true;

    /// <summary>Whether entries carry the fact <c>unique</c>.</summary>
    public bool TellsUnique { get; set; }

    /// <summary>Whether listings show names that begin with a dot.</summary>
    public bool ListsDotNames { get; set; } = true;

    public bool RenamesOverDirectories { get; set; }

    public int FileMode { get; set; } = Convert.ToInt32("644", 8);

    public RemoteSpace? Space { get; set; }

    /// <summary>May throw, by operation (<c>STAT</c>, <c>LIST</c>, <c>READ</c>, <c>STORE</c>, <c>PUBLISH</c>, <c>DELETE</c>, <c>MKDIR</c>, <c>RMDIR</c>, <c>RENAME</c>, <c>SET</c>, <c>SPACE</c>...) and path.</summary>
    public Func<string, string, Exception?>? Failure { get; set; }

    /// <summary>Waited for before an operation is done.</summary>
    public Func<string, string, Task?>? Delay { get; set; }

    /// <summary>Called when an operation has taken effect and before it answers.</summary>
    public Func<string, string, Task?>? DelayAnswer { get; set; }

    /// <summary>Cuts this many bytes off what is stored, once.</summary>
    public int LoseBytesOnce { get; set; }

    /// <summary>The link is lost when so many bytes of a store have come, once.</summary>
    public int? CutStoreAt { get; set; }

    /// <summary>Bytes that came with stores, in all.</summary>
    public long BytesStored { get; private set; }

    /// <summary>Told of the bytes of a store that have come.</summary>
    public Action<long>? Arrived { get; set; }

    public IReadOnlyList<string> Operations => [.. _operations];

    public int Count(string operation) => _operations.Count(o => o.StartsWith(operation + " ", StringComparison.Ordinal));

    public void ClearOperations() => _operations.Clear();

    // What a test does on the server behind the mount's back.

    public void Put(string path, string content) => PutBytes(path, System.Text.Encoding.UTF8.GetBytes(content));

    public void PutBytes(string path, byte[] content)
    {
        lock (_gate)
        {
            var parsed = RemotePath.Parse(path);
            var directory = MakeDirectories(parsed.Parent);
            if (directory.Children.TryGetValue(parsed.Name, out var present))
            {
                present.Content = content;
                present.Modified = Now();
                return;
            }

            directory.Children.Add(parsed.Name, NewFile(content));
        }
    }

    public void PutDirectory(string path)
    {
        lock (_gate)
            MakeDirectories(RemotePath.Parse(path));
    }

    public void PutLink(string path, string target)
    {
        lock (_gate)
        {
            var parsed = RemotePath.Parse(path);
            MakeDirectories(parsed.Parent).Children.Add(parsed.Name, new Item(RemoteKind.Symlink) { Target = target, Modified = Now(), Unique = NextUnique() });
        }
    }

    public void Allow(string path, RemotePermissions? permissions)
    {
        lock (_gate)
            Find(RemotePath.Parse(path)).Permissions = permissions;
    }

    public void Remove(string path)
    {
        lock (_gate)
        {
            var parsed = RemotePath.Parse(path);
            Find(parsed.Parent).Children.Remove(parsed.Name);
        }
    }

    public bool Exists(string path)
    {
        lock (_gate)
            return TryFind(RemotePath.Parse(path), out _);
    }

    public byte[] Bytes(string path)
    {
        lock (_gate)
            return Find(RemotePath.Parse(path)).Content;
    }

    public string Text(string path) => System.Text.Encoding.UTF8.GetString(Bytes(path));

    public int Mode(string path)
    {
        lock (_gate)
            return Find(RemotePath.Parse(path)).Mode;
    }

    public DateTimeOffset Modified(string path)
    {
        lock (_gate)
            return Find(RemotePath.Parse(path)).Modified;
    }

    public string[] Names(string path)
    {
        lock (_gate)
            return [.. Find(RemotePath.Parse(path)).Children.Keys];
    }

    /// <summary>Every path with its content (null for a directory).</summary>
    public SortedDictionary<string, byte[]?> Tree()
    {
        var tree = new SortedDictionary<string, byte[]?>(StringComparer.Ordinal);
        lock (_gate)
            Add(_root, "");
        return tree;

        void Add(Item item, string path)
        {
            foreach (var (name, child) in item.Children)
            {
                tree.Add($"{path}/{name}", child.Kind == RemoteKind.Directory ? null : child.Content);
                Add(child, $"{path}/{name}");
            }
        }
    }

    // The contract

    public async IAsyncEnumerable<RemoteEntry> ListAsync(RemotePath directory, Lane lane, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await BeginAsync("LIST", directory.Value, cancellationToken);
        RemoteEntry[] entries;
        lock (_gate)
        {
            var item = Find(directory);
            if (item.Kind != RemoteKind.Directory)
                throw Error(RemoteError.NotADirectory, directory);
            entries = [.. item.Children.Where(c => ListsDotNames || c.Key[0] != '.').Select(c => Describe(c.Key, c.Value))];
        }

        await EndAsync("LIST", directory.Value, cancellationToken);
        foreach (var entry in entries)
            yield return entry;
    }

    public async ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("STAT", path.Value, cancellationToken);
        RemoteEntry? entry;
        lock (_gate)
            entry = TryFind(path, out var item) ? Describe(path.Name, item) : null;
        await EndAsync("STAT", path.Value, cancellationToken);
        return entry ?? throw Error(RemoteError.NotFound, path);
    }

    public async ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("READ", path.Value, cancellationToken);
        lock (_gate)
        {
            var item = Find(path);
            return item.Kind == RemoteKind.Directory ? throw Error(RemoteError.IsADirectory, path) : new Reader(item.Content, offset);
        }
    }

    public async ValueTask<long> StoreAsync(
        RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        var needed = mode == StoreMode.Patch ? RemoteCapabilities.Patch : RemoteCapabilities.ResumeStore;
        if (mode == StoreMode.Whole ? offset != 0 : (Capabilities & needed) == 0)
            throw Error(RemoteError.Unsupported, path);
        await BeginAsync(mode switch { StoreMode.Whole => "STORE", StoreMode.Patch => "PATCH", _ => "RESUME" }, path.Value, cancellationToken);
        using var buffer = new MemoryStream();
        var piece = new byte[64 << 10];
        var isCut = false;
        while (!isCut && await content.ReadAsync(piece, cancellationToken) is > 0 and var count)
        {
            buffer.Write(piece, 0, count);
            isCut = buffer.Length >= CutStoreAt;
            progress?.Report(buffer.Length);
            Arrived?.Invoke(buffer.Length);
        }

        var bytes = buffer.ToArray();
        if (LoseBytesOnce > 0)
        {
            bytes = bytes[..^LoseBytesOnce];
            LoseBytesOnce = 0;
        }

        lock (_gate)
        {
            BytesStored += bytes.Length;
            var directory = FindDirectory(path.Parent);
            if (directory.Children.TryGetValue(path.Name, out var present))
            {
                if (present.Kind == RemoteKind.Directory)
                    throw Error(RemoteError.IsADirectory, path);
                var rest = mode == StoreMode.Patch ? present.Content.AsSpan(Math.Min(present.Content.Length, (int)offset + bytes.Length)) : [];
                present.Content = [.. present.Content.AsSpan(0, (int)offset), .. bytes, .. rest];
                present.Modified = Now();
            }
            else
            {
                directory.Children.Add(path.Name, offset == 0 ? NewFile(bytes) : throw Error(RemoteError.NotFound, path));
            }
        }

        if (isCut)
        {
            CutStoreAt = null;
            throw Error(RemoteError.Offline, path);
        }

        await EndAsync("STORE", path.Value, cancellationToken);
        return buffer.Length;
    }

    public async ValueTask<RemoteEntry> PublishAsync(
        RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("PUBLISH", target.Value, cancellationToken);
        RemoteEntry entry;
        lock (_gate)
        {
            var item = Find(temporary);
            if (item.Content.Length != expectedSize)
                throw Error(RemoteError.ServerFailure, temporary);
            Change(item, change, leaveOut: true);
            Move(temporary, target, replace: true);
            entry = Describe(target.Name, item);
        }

        await EndAsync("PUBLISH", target.Value, cancellationToken);
        return entry;
    }

    public async ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("DELETE", path.Value, cancellationToken);
        lock (_gate)
        {
            if (Find(path).Kind == RemoteKind.Directory)
                throw Error(RemoteError.IsADirectory, path);
            Find(path.Parent).Children.Remove(path.Name);
        }

        await EndAsync("DELETE", path.Value, cancellationToken);
    }

    public async ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("MKDIR", path.Value, cancellationToken);
        lock (_gate)
        {
            if (TryFind(path, out _))
                throw Error(RemoteError.AlreadyExists, path);
            FindDirectory(path.Parent).Children.Add(path.Name, NewDirectory());
        }

        await EndAsync("MKDIR", path.Value, cancellationToken);
    }

    public async ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("RMDIR", path.Value, cancellationToken);
        lock (_gate)
        {
            var item = Find(path);
            if (item.Kind != RemoteKind.Directory)
                throw Error(RemoteError.NotADirectory, path);
            if (item.Children.Count > 0)
                throw Error(RemoteError.NotEmpty, path);
            Find(path.Parent).Children.Remove(path.Name);
        }

        await EndAsync("RMDIR", path.Value, cancellationToken);
    }

    public async ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("RENAME", $"{source.Value} {target.Value}", cancellationToken);
        lock (_gate)
            Move(source, target, replace);
        await EndAsync("RENAME", $"{source.Value} {target.Value}", cancellationToken);
    }

    public async ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("SET", path.Value, cancellationToken);
        lock (_gate)
            Change(Find(path), change, leaveOut: false);
        await EndAsync("SET", path.Value, cancellationToken);
    }

    public async ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("READLINK", path.Value, cancellationToken);
        lock (_gate)
            return Find(path).Target ?? throw Error(RemoteError.Unsupported, path);
    }

    public async ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("SYMLINK", path.Value, cancellationToken);
        lock (_gate)
            FindDirectory(path.Parent).Children.Add(path.Name, new Item(RemoteKind.Symlink) { Target = target, Modified = Now(), Unique = NextUnique() });
    }

    public async ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("LINK", path.Value, cancellationToken);
        lock (_gate)
            FindDirectory(path.Parent).Children.Add(path.Name, Find(existing));
    }

    public async ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("SPACE", path.Value, cancellationToken);
        return Space;
    }

    /// <summary>What it computes.</summary>
    public IReadOnlyList<ChecksumAlgorithm> Checksums { get; set; } = [];

    public async ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(
        RemotePath path, ChecksumAlgorithm algorithm, long size, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("CHECKSUM", path.Value, cancellationToken);
        lock (_gate)
        {
            return algorithm == ChecksumAlgorithm.Sha256
                ? System.Security.Cryptography.SHA256.HashData(Find(path).Content)
                : throw Error(RemoteError.Unsupported, path);
        }
    }

    public async ValueTask CopyAsync(RemotePath source, RemotePath target, long size, Lane lane, CancellationToken cancellationToken)
    {
        await BeginAsync("COPY", source.Value, cancellationToken);
        lock (_gate)
            FindDirectory(target.Parent).Children.Add(target.Name, NewFile([.. Find(source).Content]));
        await EndAsync("COPY", source.Value, cancellationToken);
    }

    public ValueTask DisposeAsync() => default;

    private async ValueTask BeginAsync(string operation, string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _operations.Enqueue($"{operation} {path}");
        if (Delay?.Invoke(operation, path) is { } delay)
            await delay.WaitAsync(cancellationToken);
        if (Failure?.Invoke(operation, path) is { } failure)
            throw failure;
    }

    private async ValueTask EndAsync(string operation, string path, CancellationToken cancellationToken)
    {
        if (DelayAnswer?.Invoke(operation, path) is { } delay)
            await delay.WaitAsync(cancellationToken);
    }

    private void Change(Item item, RemoteAttributeChange change, bool leaveOut)
    {
        if (change.Mode is { } mode)
        {
            if ((Capabilities & RemoteCapabilities.SetMode) != 0)
                item.Mode = mode;
            else if (!leaveOut)
                throw new RemoteException(RemoteError.Unsupported, "Modes cannot be set.");
        }

        if (change.Modified is { } modified)
        {
            if ((Capabilities & RemoteCapabilities.SetModified) != 0)
                item.Modified = Seconds(modified);
            else if (!leaveOut)
                throw new RemoteException(RemoteError.Unsupported, "Times cannot be set.");
        }
    }

    private void Move(RemotePath source, RemotePath target, bool replace)
    {
        var item = Find(source);
        var directory = FindDirectory(target.Parent);
        if (directory.Children.TryGetValue(target.Name, out var present) && present != item)
        {
            if (!replace)
                throw Error(RemoteError.AlreadyExists, target);
            if (present.Kind == RemoteKind.Directory)
            {
                if (!RenamesOverDirectories || item.Kind != RemoteKind.Directory)
                    throw Error(RemoteError.AlreadyExists, target);
                if (present.Children.Count > 0)
                    throw Error(RemoteError.NotEmpty, target);
            }
        }

        Find(source.Parent).Children.Remove(source.Name);
        directory.Children[target.Name] = item;
    }

    private RemoteEntry Describe(string name, Item item) => new()
    {
        Name = name,
        Kind = item.Kind,
        Size = item.Kind == RemoteKind.File ? item.Content.Length : null,
        Modified = new RemoteTime(item.Modified, TimeSpan.FromSeconds(1)),
        Mode = TellsModes && item.Kind != RemoteKind.Symlink ? item.Mode : null,
        LinkTarget = item.Target,
        UniqueId = TellsUnique ? item.Unique : null,
        Permissions = item.Permissions,
    };

    private Item NewFile(byte[] content) =>
        new(RemoteKind.File) { Content = content, Modified = Now(), Mode = FileMode, Unique = NextUnique() };

    private Item NewDirectory() =>
        new(RemoteKind.Directory) { Modified = Now(), Mode = Convert.ToInt32("755", 8), Unique = NextUnique() };

    private string NextUnique() => $"u{++_lastUnique}";

    private Item MakeDirectories(RemotePath path)
    {
        if (path.IsRoot)
        {
            _root.Mode = Convert.ToInt32("755", 8);
            return _root;
        }

        var parent = MakeDirectories(path.Parent);
        if (!parent.Children.TryGetValue(path.Name, out var item))
            parent.Children.Add(path.Name, item = NewDirectory());
        return item;
    }

    private bool TryFind(RemotePath path, out Item item)
    {
        item = _root;
        if (path.IsRoot)
            return true;
        return TryFind(path.Parent, out var parent) && parent.Children.TryGetValue(path.Name, out item!);
    }

    private Item Find(RemotePath path) => TryFind(path, out var item) ? item : throw Error(RemoteError.NotFound, path);

    private Item FindDirectory(RemotePath path)
    {
        var item = Find(path);
        return item.Kind == RemoteKind.Directory ? item : throw Error(RemoteError.NotADirectory, path);
    }

    private DateTimeOffset Now() => Seconds(time.GetUtcNow());

    private static DateTimeOffset Seconds(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static RemoteException Error(RemoteError error, RemotePath path) => new(error, $"{error}: {path}") { Path = path };

    private sealed class Reader(byte[] content, long offset) : IRemoteReader
    {
        public long Position { get; private set; } = offset;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (Position >= content.Length)
                return new(0);
            var count = (int)Math.Min(buffer.Length, content.Length - Position);
            content.AsMemory((int)Position, count).CopyTo(buffer);
            Position += count;
            return new(count);
        }

        public ValueTask DisposeAsync() => default;
    }
}
