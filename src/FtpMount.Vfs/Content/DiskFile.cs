using FtpMount.Remote;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The file on disk that holds what is cached of one content: a sparse file with every byte at its own offset, and behind it, when it was last put aside, the
/// <see cref="DiskFileTrailer"/> that says what is present. Its descriptor is open only as long as someone uses it.
/// </summary>
internal sealed class DiskFile(string filePath, RemotePath path, FileVersion version)
{
    private readonly Lock _gate = new();
    private SafeFileHandle? _handle;
    private int _pins;
    private bool _dead;

    /// <summary>The local file.</summary>
    public string FilePath { get; } = filePath;

    /// <summary>Whose content it was when it was found; the owner knows the present path.</summary>
    public RemotePath Path { get; } = path;

    /// <summary>Which content it holds.</summary>
    public FileVersion Version { get; } = version;

    /// <summary>The content it belongs to; null for those of other sites.</summary>
    public CachedContent? Owner { get; set; }

    /// <summary>What is present. Guarded by the owner's gate.</summary>
    public RangeSet Present { get; init; } = new();

    /// <summary>Whether something was added since the trailer was written. Guarded by the owner's gate.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Bytes counted for it. Guarded by the disk cache's gate.</summary>
    public long Accounted { get; set; }

    /// <summary>The part of <see cref="Accounted"/> that is for the trailer. Guarded by the disk cache's gate.</summary>
    public long AccountedTrailer { get; set; }

    /// <summary>How many use it; as long as there are any it is not evicted. Guarded by the disk cache's gate.</summary>
    public int Users { get; set; }

    /// <summary>Its place among those that nobody uses. Guarded by the disk cache's gate.</summary>
    public LinkedListNode<DiskFile>? IdleNode { get; set; }

    /// <summary>Whether it is no longer counted. Guarded by the disk cache's gate.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Where the trailer begins: behind the content.</summary>
    public long TrailerOffset => RoundUp(Version.Size);

    /// <summary>Rounded up to whole pages, which is what a file system gives.</summary>
    public static long RoundUp(long bytes) => (bytes + MemoryBlock.PageSize - 1) & ~(MemoryBlock.PageSize - 1L);

    /// <summary>Keeps the descriptor open until <see cref="Unpin"/>.</summary>
    public void Pin()
    {
        lock (_gate)
            _pins++;
    }

    /// <summary>Gives a pin back.</summary>
    public void Unpin()
    {
        SafeFileHandle? handle = null;
        lock (_gate)
        {
            if (--_pins == 0)
                (handle, _handle) = (_handle, null);
        }

        handle?.Dispose();
    }

    /// <summary>The open file, to those who hold a pin; null when it is gone.</summary>
    public SafeFileHandle? Open(bool create = false)
    {
        lock (_gate)
        {
            if (_handle is not null || _dead)
                return _handle;
            return _handle = LocalDisk.OpenPrivate(FilePath, create ? FileMode.CreateNew : FileMode.Open);
        }
    }

    /// <summary>Takes the name away. Who has it open goes on reading.</summary>
    public void Unlink()
    {
        lock (_gate)
        {
            if (_dead)
                return;
            if (_pins > 0)
            {
                try
                {
                    // What is read on after the name is gone needs a descriptor.
                    _handle ??= LocalDisk.OpenPrivate(FilePath, FileMode.Open);
                }
                catch (IOException)
                {
                }
            }

            _dead = true;
        }

        LocalDisk.TryDelete(FilePath);
    }

    /// <summary>Reads exactly this much, and gives one pin back. False when it cannot.</summary>
    public bool TryRead(long offset, Span<byte> destination)
    {
        try
        {
            if (Open() is not { } handle)
                return false;
            while (!destination.IsEmpty)
            {
                var read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                    return false;
                destination = destination[read..];
                offset += read;
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            Unpin();
        }
    }
}
