namespace FtpMount.Vfs;

/// <summary>What has become of a file's content when a close of it returns.</summary>
public enum VfsCloseMode
{
    /// <summary>It survives the end of this program; it is forced to the local disk and sent to the server soon after.</summary>
    Fast,

    /// <summary>It is on the local disk itself, and survives a power failure.</summary>
    Durable,

    /// <summary>It is on the server.</summary>
    Remote,
}
