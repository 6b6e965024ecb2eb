using System.Buffers.Binary;
using System.Text;

namespace FtpMount.Sftp.Keys;

/// <summary>Reads the data types of RFC 4251 section 5 from a key, a certificate or an agent's message.</summary>
/// <remarks>Every method throws <see cref="FormatException"/> when there are too few bytes.</remarks>
internal ref struct SshWireReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>Whether all have been read.</summary>
    public readonly bool IsAtEnd => Position == _bytes.Length;

    /// <summary>A byte.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>A uint32.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    /// <summary>A uint64.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong)));

    /// <summary>A string, or an mpint as it is.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        var length = ReadUInt32();
        return length <= int.MaxValue ? Take((int)length) : throw new FormatException("A length is out of range.");
    }

    /// <summary>A string of text.</summary>
    public string ReadText() => Encoding.UTF8.GetString(ReadString());

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - Position)
            throw new FormatException("The data ends too early.");
        var taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }
}
