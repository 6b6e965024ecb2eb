namespace FtpMount.Vfs.Content;

/// <summary>One file being edited.</summary>
public sealed class StagingFile : IAsyncDisposable
{
    private StagingFile() => throw new NotImplementedException();

    /// <summary>Makes one.</summary>
    public static StagingFile Create(string directory, RemoteContent? baseContent) => throw new NotImplementedException();

    /// <summary>The local file.</summary>
    public string LocalPath => throw new NotImplementedException();

    /// <summary>Length in bytes.</summary>
    public long Length => throw new NotImplementedException();

    /// <summary>Counts writes and truncations.</summary>
    public long ChangeCount => throw new NotImplementedException();

    /// <summary>Whether something changed since the last <see cref="MarkClean"/>.</summary>
    public bool IsDirty => throw new NotImplementedException();

    /// <summary>The version that <see cref="MarkClean"/> told last; null before.</summary>
    public FileVersion? UploadedVersion => throw new NotImplementedException();

    /// <summary>Reads.</summary>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Writes.</summary>
    public void Write(long offset, ReadOnlySpan<byte> data) => throw new NotImplementedException();

    /// <summary>Truncates or lengthens.</summary>
    public ValueTask SetLengthAsync(long length, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Counts as a change although no byte changed: the file must be uploaded (a new, empty file).</summary>
    public void MarkChanged() => throw new NotImplementedException();

    /// <summary>Fetches what is absent.</summary>
    public ValueTask FillAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>The whole file for an upload.</summary>
    public Stream OpenForUpload() => throw new NotImplementedException();

    /// <summary>Marks clean.</summary>
    public void MarkClean(long changeCount, FileVersion uploaded) => throw new NotImplementedException();

    /// <summary>SEEK_DATA.</summary>
    public long SeekData(long offset) => throw new NotImplementedException();

    /// <summary>SEEK_HOLE.</summary>
    public long SeekHole(long offset) => throw new NotImplementedException();

    /// <summary>Reserves.</summary>
    public void Allocate(long offset, long length, bool keepSize) => throw new NotImplementedException();

    /// <summary>Flushes.</summary>
    public void Flush(bool toDisk) => throw new NotImplementedException();

    /// <summary>The local file may be deleted although it is dirty.</summary>
    public void Discard() => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
