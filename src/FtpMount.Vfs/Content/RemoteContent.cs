using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>
/// A lease on the content of one version of a remote file. As long as it is held, what is cached of it stays usable, also after the file was removed or
/// replaced; what was not cached then is <see cref="RemoteError.Changed"/>, never another file's bytes. Dispose its readers first.
/// </summary>
public sealed class RemoteContent : IDisposable
{
    private readonly CachedContent _content;
    private int _disposed;

    internal RemoteContent(CachedContent content) => _content = content;

    /// <summary>Length in bytes: that of the version.</summary>
    public long Length => _content.Size;

    /// <summary>Which content it is.</summary>
    public FileVersion Version => _content.Version;

    /// <summary>
    /// Where the file is now; <see cref="ContentCache.Rename"/> keeps it up to date. Shared by all leases of this content. Setting it tells that the server has this content there, also
    /// after <see cref="ContentCache.Forget"/> (a removed file that is kept under another name while it is open).
    /// </summary>
    public RemotePath Path
    {
        get => _content.Path;
        set
        {
            _content.Path = value;
            _content.IsGone = false;
        }
    }

    /// <summary>Whether every byte is here, in memory or on disk.</summary>
    public bool IsComplete => _content.IsComplete;

    /// <summary>Whether every byte is on the local disk.</summary>
    public bool IsStored
    {
        get
        {
            lock (_content.Gate)
                return _content.IsStoredLocked(0, _content.Size);
        }
    }

    /// <summary>Brings what is in memory to the local disk, as far as there is room.</summary>
    public async ValueTask StoreAsync(CancellationToken cancellationToken)
    {
        if (_content.Cache.Disk is not { } disk)
            return;
        disk.StoreWhatIsInMemory(_content);
        await disk.DrainAsync(cancellationToken);
    }

    /// <summary>A reader for one open handle.</summary>
    public ContentReader CreateReader()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return new ContentReader(_content);
    }

    /// <summary>
    /// Fetches what is not here. As much of it stays as memory and disk have room for, which <see cref="IsComplete"/> tells.
    /// </summary>
    /// <exception cref="RemoteException">As <see cref="ContentReader.ReadAsync"/>.</exception>
    public async ValueTask FetchAllAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MemoryBlock.Size);
        Interlocked.Increment(ref _content.StoreRequests);
        try
        {
            // Twice, because what is only in memory when the first pass comes by may be pushed out before it ends.
            for (var pass = 0; pass < 2 && !IsComplete; pass++)
            {
                await FetchMissingAsync(buffer.AsMemory(0, MemoryBlock.Size), cancellationToken);
                if (_content.Cache.Disk is { } disk)
                    await disk.DrainAsync(cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _content.StoreRequests);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Fetches what is not here in the lane of what nobody waits for yet. Ends when that is over, however it ended: whoever reads what did not come asks for it himself.
    /// </summary>
    /// <returns>Whether anything was asked of the server.</returns>
    public async ValueTask<bool> PrefetchAsync()
    {
        if (_content.StartPrefetch() is not { } transfer)
            return false;
        await transfer.Completion;
        return true;
    }

    private async ValueTask FetchMissingAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await using var reader = CreateReader();
        for (var offset = 0L; ;)
        {
            lock (_content.Gate)
                offset = _content.FirstMissingLocked(offset, Length);
            if (offset >= Length)
                return;
            offset += await reader.ReadAsync(offset, buffer, cancellationToken);
        }
    }

    /// <summary>Gives the lease back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _content.Cache.Release(_content);
    }
}
