namespace FtpMount.Ftp;

/// <summary>When downloads and listings are compressed (MODE Z, draft-preston-ftpext-deflate), where the server offers it and the data connection is not encrypted.</summary>
public enum FtpCompression
{
    /// <summary>On lines that were measured to be slow, and only what is not known to be compressed already.</summary>
    Auto,

    /// <summary>Always.</summary>
    On,

    /// <summary>Never.</summary>
    Off,
}
