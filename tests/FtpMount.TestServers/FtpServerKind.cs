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
}
