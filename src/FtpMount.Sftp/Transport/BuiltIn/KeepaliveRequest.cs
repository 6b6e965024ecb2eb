using Renci.SshNet.Messages.Connection;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>A channel request that a server does not know and therefore answers with a failure: the sign that it lives (OpenSSH's keepalive).</summary>
internal sealed class KeepaliveRequest : RequestInfo
{
    public KeepaliveRequest() => WantReply = true;

    /// <inheritdoc/>
    public override string RequestName => "keepalive@openssh.com";
}
