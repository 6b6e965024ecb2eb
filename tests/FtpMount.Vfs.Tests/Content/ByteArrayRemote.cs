using System.Runtime.CompilerServices;
using FtpMount.Remote;

namespace FtpMount.Vfs.Tests.Content;

/// <summary>A server whose files are byte arrays, for the tests of the content cache: it counts, can be held, and breaks where it is told to.</summary>
internal sealed class ByteArrayRemote : IRemoteFileSystem
{
    private readonly Lock _gate = new();
    private readonly Dictionary<RemotePath, byte[]> _files = [];
    private int _openReaders;

    public string DisplayName { get; init; } = "ftp://test@localhost";

    public RemotePath Root => RemotePath.Root;

    public RemoteCapabilities Capabilities => RemoteCapabilities.None;

    public RemoteStatistics Statistics => new() { ConnectionLimit = 8 };

    /// <summary>The most connections that were asked for in advance.</summary>
    public int Prepared { get; private set; }

    public void Prepare(int calls) => Prepared = Math.Max(Prepared, calls);

    /// <summary>Every transfer: offset and length as asked for.</summary>
    public List<(RemotePath Path, long Offset, long? Length)> Opened { get; } = [];

    /// <summary>Bytes given.</summary>
    public long BytesGiven;

    /// <summary>Readers open now.</summary>
    public int OpenReaders => Volatile.Read(ref _openReaders);

    /// <summary>How many bytes a read of this many at this position gives; null gives all.</summary>
    public Func<long, int, int>? Chunk { get; set; }

    /// <summary>Awaited before each read and each opening (position; true for an opening).</summary>
    public Func<long, bool, CancellationToken, Task>? Before { get; set; }

    /// <summary>Thrown by a read or an opening (position; true for an opening), when it returns one.</summary>
    public Func<long, bool, RemoteException?>? Fail { get; set; }

    public int OpenedCount
    {
        get
        {
            lock (_gate)
                return Opened.Count;
        }
    }

    public byte[] this[RemotePath path]
    {
        get
        {
            lock (_gate)
                return _files[path];
        }

        set
        {
            lock (_gate)
                _files[path] = value;
        }
    }

    public async ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken)
    {
        byte[]? content;
        lock (_gate)
        {
            Opened.Add((path, offset, length));
            _files.TryGetValue(path, out content);
        }

        if (Before is { } before)
            await before(offset, true, cancellationToken);
        if (Fail?.Invoke(offset, true) is { } failure)
            throw failure;
        if (content is null)
            throw new RemoteException(RemoteError.NotFound, $"{path} does not exist.");
        Interlocked.Increment(ref _openReaders);
        return new Reader(this, content, offset, length is { } l ? Math.Min(content.Length, offset + l) : content.Length);
    }

    public async IAsyncEnumerable<RemoteEntry> ListAsync(RemotePath directory, Lane lane, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield break;
    }

    public ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<long> StoreAsync(RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RemoteEntry> PublishAsync(RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => default;

    private sealed class Reader(ByteArrayRemote remote, byte[] content, long offset, long end) : IRemoteReader
    {
        private int _disposed;

        public long Position { get; private set; } = offset;

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            cancellationToken.ThrowIfCancellationRequested();
            if (remote.Before is { } before)
                await before(Position, false, cancellationToken);
            if (remote.Fail?.Invoke(Position, false) is { } failure)
                throw failure;
            var count = (int)Math.Min(buffer.Length, Math.Max(0, end - Position));
            if (count > 0 && remote.Chunk is { } chunk)
                count = Math.Clamp(chunk(Position, count), 1, count);
            content.AsSpan((int)Math.Min(Position, content.Length), count).CopyTo(buffer.Span);
            Position += count;
            Interlocked.Add(ref remote.BytesGiven, count);
            return count;
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
                Interlocked.Decrement(ref remote._openReaders);
            return default;
        }
    }
}
