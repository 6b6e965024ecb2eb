namespace FtpMount.Sftp;

/// <summary>The rules of <see cref="HostKeyPolicy"/>.</summary>
public enum HostKeyRule
{
    /// <summary>As <c>~/.ssh/config</c> says.</summary>
    Configured,

    /// <summary>Ask on a terminal, refuse without one.</summary>
    Ask,

    /// <summary>Accept and remember.</summary>
    AcceptNew,

    /// <summary>Only the key with a given fingerprint.</summary>
    Fingerprint,
}
