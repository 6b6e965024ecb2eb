namespace FtpMount.Sftp.HostKeys;

/// <summary>What is done about a host key that no known_hosts file has.</summary>
internal enum HostKeyDecision
{
    /// <summary>Ask, or refuse when there is nobody to ask.</summary>
    Ask,

    /// <summary>Refuse.</summary>
    Refuse,

    /// <summary>Accept and remember.</summary>
    Accept,
}
