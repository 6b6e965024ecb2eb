namespace FtpMount.Service;

/// <summary>
/// A file that one process at a time holds locked (flock(2)). The lock ends with the process, however that ends. The file stays: removing it would let two
/// processes hold locks on two files of one name.
/// </summary>
internal sealed class FileLock : IAsyncDisposable, IDisposable
{
    private readonly FileStream _stream;

    private FileLock(FileStream stream) => _stream = stream;

    /// <summary>Takes the lock, or gives null at once when another process holds it.</summary>
    /// <exception cref="MountException">The file cannot be made.</exception>
    internal static FileLock? TryTake(string path)
    {
        try
        {
            return new FileLock(new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw new MountException($"{path} cannot be made: {exception.Message}", exception);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
