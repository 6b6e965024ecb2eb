namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>Opens /dev/fuse to ordinary users, as distributions do, while this lives; afterwards it has its former mode.</summary>
public sealed class FuseDevice : IDisposable
{
    private const string Device = "/dev/fuse";
    private const UnixFileMode Everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly UnixFileMode _before = File.GetUnixFileMode(Device);

    public FuseDevice()
    {
        if (_before != Everyone)
            File.SetUnixFileMode(Device, Everyone);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_before != Everyone)
            File.SetUnixFileMode(Device, _before);
    }
}
