using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>A lease on the content of one version of a remote file.</summary>
public sealed class RemoteContent : IDisposable
{
    internal RemoteContent() => throw new NotImplementedException();

    /// <summary>Length in bytes.</summary>
    public long Length => throw new NotImplementedException();

    /// <summary>The version.</summary>
    public FileVersion Version => throw new NotImplementedException();

    /// <summary>Where the file is now.</summary>
    public RemotePath Path
    {
        get => throw new NotImplementedException();
        set => throw new NotImplementedException();
    }

    /// <summary>Whether all of it is here.</summary>
    public bool IsComplete => throw new NotImplementedException();

    /// <summary>A reader for one open handle.</summary>
    public ContentReader CreateReader() => throw new NotImplementedException();

    /// <summary>Fetches all.</summary>
    public ValueTask FetchAllAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}
