namespace FtpMount.Ftp.Session;

/// <summary>Whether a server does something: announced, learned from replies, or not known yet.</summary>
internal enum FtpSupport
{
    /// <summary>Not tried yet.</summary>
    Unknown,

    /// <summary>It does.</summary>
    Yes,

    /// <summary>It does not: it is not asked again.</summary>
    No,
}
