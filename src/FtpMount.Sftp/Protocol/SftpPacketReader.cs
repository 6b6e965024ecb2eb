using System.Buffers.Binary;
using FtpMount.Remote;

namespace FtpMount.Sftp.Protocol;

/// <summary>Reads the fields of a received packet. Every length is checked: a field that reaches past the packet's end is a violation of the protocol.</summary>
internal ref struct SftpPacketReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether no byte is left.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte ReadByte() => Take(1)[0];

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>A string (RFC 4251 section 5): its bytes, which live as long as the packet.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        var length = ReadUInt32();
        return length <= (uint)_rest.Length ? Take((int)length) : throw Truncated();
    }

    public SftpAttributes ReadAttributes()
    {
        var flags = ReadUInt32();
        ulong? size = (flags & SftpAttributes.HasSize) != 0 ? ReadUInt64() : null;
        (uint, uint)? owner = (flags & SftpAttributes.HasOwner) != 0 ? (ReadUInt32(), ReadUInt32()) : null;
        uint? permissions = (flags & SftpAttributes.HasPermissions) != 0 ? ReadUInt32() : null;
        (uint, uint)? times = (flags & SftpAttributes.HasTimes) != 0 ? (ReadUInt32(), ReadUInt32()) : null;
        if ((flags & SftpAttributes.HasExtended) != 0)
        {
            for (var count = ReadUInt32(); count > 0; count--)
            {
                ReadString();
                ReadString();
            }
        }

        return new SftpAttributes { Size = size, Owner = owner, Permissions = permissions, Times = times };
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Truncated();
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static RemoteException Truncated() =>
        new(RemoteError.ProtocolViolation, "The server sent an SFTP packet whose fields do not fit into it.");
}
