namespace FtpMount.Vfs.Content;

/// <summary>
/// Room on the local disk that is kept back, so that little things can still be written when everything else has filled it: above all, what makes room again. Not thread-safe.
/// </summary>
internal sealed class DiskReserve : IDisposable
{
    private readonly string _path;
    private readonly long _length;

    /// <summary>Keeps room back, if there is any.</summary>
    /// <param name="path">The file that stands for it; one that is there is replaced.</param>
    /// <param name="length">Bytes.</param>
    public DiskReserve(string path, long length)
    {
        _path = path;
        _length = length;
        Renew();
    }

    /// <summary>Whether room is kept back now.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Gives the room to whoever writes next.</summary>
    /// <returns>Whether there was any.</returns>
    public bool TryRelease()
    {
        if (!IsHeld)
            return false;
        IsHeld = false;
        LocalDisk.TryDelete(_path);
        return true;
    }

    /// <summary>Keeps room back again, if there is enough.</summary>
    public void Renew()
    {
        if (IsHeld)
            return;
        try
        {
            using var file = LocalDisk.OpenPrivate(_path, FileMode.Create);
            LocalDisk.Reserve(file, 0, _length);
            IsHeld = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LocalDisk.TryDelete(_path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => TryRelease();
}
