namespace FtpMount.Sftp.HostKeys;

/// <summary>What stands in front of a line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).</summary>
internal enum KnownHostsMarker
{
    /// <summary>Nothing: the key is the host's.</summary>
    None,

    /// <summary><c>@cert-authority</c>: the key signs certificates of hosts.</summary>
    CertificateAuthority,

    /// <summary><c>@revoked</c>: the key must not be accepted.</summary>
    Revoked,
}
