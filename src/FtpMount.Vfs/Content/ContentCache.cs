using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Content;

/// <summary>The cache of file contents.</summary>
public sealed class ContentCache : IAsyncDisposable
{
    /// <summary>Opens the cache.</summary>
    public ContentCache(IRemoteFileSystem remote, ContentCacheOptions options, TimeProvider time, ILogger logger) => throw new NotImplementedException();

    /// <summary>A snapshot of the counters.</summary>
    public ContentCacheStatistics Statistics => throw new NotImplementedException();

    /// <summary>A lease on the content of a file.</summary>
    public RemoteContent Open(RemotePath path, FileVersion version) => throw new NotImplementedException();

    /// <summary>Takes over a complete local copy.</summary>
    public ValueTask AdoptAsync(RemotePath path, FileVersion version, string localFile, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Renames.</summary>
    public void Rename(RemotePath from, RemotePath to) => throw new NotImplementedException();

    /// <summary>Forgets.</summary>
    public void Forget(RemotePath path) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
