using Renci.SshNet.Messages.Connection;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>Opens a session channel (RFC 4254 section 6.1): nothing is said beyond the type.</summary>
internal sealed class SessionChannelOpen : ChannelOpenInfo
{
    /// <inheritdoc/>
    public override string ChannelType => "session";
}
