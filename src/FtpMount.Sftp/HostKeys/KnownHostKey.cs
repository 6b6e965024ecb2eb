using FtpMount.Sftp.Keys;

namespace FtpMount.Sftp.HostKeys;

/// <summary>A key that a known_hosts file has for a host.</summary>
/// <param name="Marker">What it is.</param>
/// <param name="Key">The key.</param>
/// <param name="File">The file.</param>
/// <param name="LineNumber">The line, from 1.</param>
internal sealed record KnownHostKey(KnownHostsMarker Marker, SshPublicKey Key, string File, int LineNumber)
{
    /// <summary>File and line.</summary>
    public string Origin => $"{File}:{LineNumber}";
}
