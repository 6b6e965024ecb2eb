namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>The server does not open a channel (RFC 4254 section 5.1).</summary>
internal sealed class ChannelRefusedException(uint reasonCode, string description) : Exception($"{description} ({reasonCode})")
{
    /// <summary>SSH_OPEN_ADMINISTRATIVELY_PROHIBITED: also what OpenSSH says when MaxSessions is reached.</summary>
    public const uint AdministrativelyProhibited = 1;

    /// <summary>SSH_OPEN_CONNECT_FAILED: the jump host cannot reach the host behind it.</summary>
    public const uint ConnectFailed = 2;

    /// <summary>SSH_OPEN_RESOURCE_SHORTAGE.</summary>
    public const uint ResourceShortage = 4;

    /// <summary>One of the codes of section 5.1.</summary>
    public uint ReasonCode { get; } = reasonCode;

    /// <summary>What the server says.</summary>
    public string Description { get; } = description;
}
