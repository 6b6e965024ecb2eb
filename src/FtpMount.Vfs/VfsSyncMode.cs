namespace FtpMount.Vfs;

/// <summary>What has become of a file's content when fsync(2) returns.</summary>
public enum VfsSyncMode
{
    /// <summary>It is on the server.</summary>
    Remote,

    /// <summary>It is on the local disk itself, and survives a power failure.</summary>
    Local,
}
