namespace FtpMount.Sftp.Protocol;

/// <summary>Which requests are sent first when several wait for the link.</summary>
internal enum SftpPriority
{
    /// <summary>Short requests for which somebody waits.</summary>
    Interactive,

    /// <summary>Content, and what must come after it. Sent in the order of submission.</summary>
    Bulk,
}
