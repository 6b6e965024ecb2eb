using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace FtpMount.Sftp.Keys;

/// <summary>Writes the data types of RFC 4251 section 5.</summary>
internal sealed class SshWireWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What was written.</summary>
    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    /// <summary>A byte.</summary>
    public SshWireWriter WriteByte(byte value)
    {
        _buffer.Write([value]);
        return this;
    }

    /// <summary>A uint32.</summary>
    public SshWireWriter WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.GetSpan(sizeof(uint)), value);
        _buffer.Advance(sizeof(uint));
        return this;
    }

    /// <summary>A string.</summary>
    public SshWireWriter WriteString(ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        _buffer.Write(value);
        return this;
    }

    /// <summary>A string of text.</summary>
    public SshWireWriter WriteText(string value) => WriteString(Encoding.UTF8.GetBytes(value));

    /// <summary>Bytes as they are.</summary>
    public SshWireWriter WriteRaw(ReadOnlySpan<byte> value)
    {
        _buffer.Write(value);
        return this;
    }
}
