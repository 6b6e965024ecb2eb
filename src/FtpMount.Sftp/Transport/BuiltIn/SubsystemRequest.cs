using Renci.SshNet.Messages.Connection;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>Starts a subsystem on a session channel (RFC 4254 section 6.5) and wants to know whether it did.</summary>
internal sealed class SubsystemRequest : RequestInfo
{
    private readonly byte[] _subsystem;

    public SubsystemRequest(ReadOnlySpan<byte> subsystem)
    {
        _subsystem = subsystem.ToArray();
        WantReply = true;
    }

    /// <inheritdoc/>
    public override string RequestName => "subsystem";

    /// <inheritdoc/>
    protected override int BufferCapacity => base.BufferCapacity + 4 + _subsystem.Length;

    /// <inheritdoc/>
    protected override void SaveData()
    {
        base.SaveData();
        WriteBinaryString(_subsystem);
    }
}
