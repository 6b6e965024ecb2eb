namespace FtpMount.TestServers;

/// <summary>The FTP servers that tests run against.</summary>
public enum FtpServerKind
{
    /// <summary>vsftpd: no MLSD, no MLST, LIST hides dotfiles, two-argument MDTM sets the time.</summary>
    Vsftpd,

    /// <summary>ProFTPD with mod_copy, mod_site_misc, mod_digest, mod_tls: the richest command set.</summary>
    ProFtpd,

    /// <summary>Pure-FTPd with virtual users: listings stop at 10,000 entries unless told otherwise.</summary>
    PureFtpd,

    /// <summary>pyftpdlib: RFC 3659 complete, one thread, quick to start.</summary>
    Pyftpdlib,

    /// <summary>GNU inetutils' ftpd, of the BSD family: FEAT without MLST, LIST by /bin/ls, plain 550 with the system's words.</summary>
    InetutilsFtpd,

    /// <summary>busybox ftpd, as in routers and cameras: LIST without options, SIZE and MDTM, every refusal is <c>550 Error</c>.</summary>
    BusyboxFtpd,
}
