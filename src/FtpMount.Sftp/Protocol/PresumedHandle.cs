namespace FtpMount.Sftp.Protocol;

/// <summary>
/// The handle of a file or directory that is being opened, for requests that go out behind OPEN or OPENDIR without waiting for its answer (<see cref="HandleForecast"/>).
/// </summary>
internal sealed class PresumedHandle
{
    /// <summary>In place of the handle until the request goes out.</summary>
    public static ReadOnlySpan<byte> Placeholder => [0, 0, 0, 0];

    /// <summary>What was presumed when OPEN went out; null when nothing could be: then the requests behind it are not sent.</summary>
    public uint? Number { get; set; }
}
