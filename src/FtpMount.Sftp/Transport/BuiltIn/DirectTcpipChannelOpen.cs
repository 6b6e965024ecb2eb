using System.Text;
using Renci.SshNet.Messages.Connection;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>Opens a channel that the server connects to a host of its network (RFC 4254 section 7.2): the way through a jump host.</summary>
internal sealed class DirectTcpipChannelOpen(string host, int port) : ChannelOpenInfo
{
    private readonly byte[] _host = Encoding.UTF8.GetBytes(host);
    private readonly byte[] _originator = "127.0.0.1"u8.ToArray();

    /// <inheritdoc/>
    public override string ChannelType => "direct-tcpip";

    /// <inheritdoc/>
    protected override int BufferCapacity => base.BufferCapacity + 4 + _host.Length + 4 + 4 + _originator.Length + 4;

    /// <inheritdoc/>
    protected override void SaveData()
    {
        base.SaveData();
        WriteBinaryString(_host);
        Write((uint)port);
        WriteBinaryString(_originator);
        Write(0u);
    }
}
