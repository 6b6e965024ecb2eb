namespace FtpMount.Remote;

/// <summary>Where the content of a store goes.</summary>
public enum StoreMode
{
    /// <summary>The file consists of this content afterwards; made or replaced (FTP: STOR).</summary>
    Whole,

    /// <summary>Continues an interrupted store at the offset, which is the server's present size (FTP: REST + STOR, or APPE).</summary>
    Resume,

    /// <summary>Added at the end, wherever that is (FTP: APPE).</summary>
    Append,

    /// <summary>Replaces a range in place and keeps what follows it. Only where <see cref="RemoteCapabilities.Patch"/>; on FTP only from offset 1 on, because a STOR from the beginning cuts off the rest.</summary>
    Patch,
}
