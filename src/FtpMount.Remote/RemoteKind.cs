namespace FtpMount.Remote;

/// <summary>What a remote name stands for.</summary>
public enum RemoteKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    Symlink,

    /// <summary>Something else (device, socket, pipe): shown, never opened.</summary>
    Other,
}
