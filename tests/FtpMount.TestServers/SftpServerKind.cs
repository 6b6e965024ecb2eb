namespace FtpMount.TestServers;

/// <summary>The SSH servers that tests can start.</summary>
public enum SftpServerKind
{
    /// <summary>OpenSSH.</summary>
    OpenSsh,

    /// <summary>ProFTPD's mod_sftp.</summary>
    ProFtpd,

    /// <summary>dropbear with OpenSSH's sftp-server.</summary>
    Dropbear,
}
