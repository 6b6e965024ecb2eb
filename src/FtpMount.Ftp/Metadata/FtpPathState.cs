namespace FtpMount.Ftp.Metadata;

/// <summary>What a probe found at a path, to tell the meanings of a 550 apart.</summary>
internal enum FtpPathState
{
    /// <summary>Nothing is there.</summary>
    Missing,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A file, a link or something else that is no directory.</summary>
    File,

    /// <summary>The server does not let this user look.</summary>
    Denied,
}
