using System.Globalization;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>
/// Writes the dialogue of SFTP connections, one line for each packet: seconds since the start, the number of the connection, the direction, the number of the request, what it
/// is. Passwords are no part of it: they are SSH's, below it.
/// </summary>
internal sealed class SftpTranscript(TextWriter writer, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _gate = new();
    private int _connections;

    /// <summary>A connection begins.</summary>
    /// <returns>Its number.</returns>
    public int Begin(string? description, SftpExtensions extensions)
    {
        var number = Interlocked.Increment(ref _connections);
        Write(number, '*', $"{description}; version 3, {extensions}");
        return number;
    }

    /// <summary>A request goes out.</summary>
    public void WriteRequest(int connection, SftpRequest request)
    {
        var reader = new SftpPacketReader(request.Packet.Span[SftpRequest.HeaderLength..]);
        var text = request.Type switch
        {
            SftpPacketType.Extended => $"{Text(reader.ReadString())}{(reader.IsAtEnd ? "" : $" {Field(ref reader)}")}",
            SftpPacketType.Read or SftpPacketType.Write => string.Create(CultureInfo.InvariantCulture, $"{Name(request.Type)} {Hex(reader.ReadString())} at {reader.ReadUInt64()}, {reader.ReadUInt32()} bytes"),
            SftpPacketType.Close or SftpPacketType.Fstat or SftpPacketType.Fsetstat or SftpPacketType.Readdir => $"{Name(request.Type)} {Hex(reader.ReadString())}",
            SftpPacketType.Rename or SftpPacketType.Symlink => $"{Name(request.Type)} {Text(reader.ReadString())} {Text(reader.ReadString())}",
            SftpPacketType.Open => $"{Name(request.Type)} {Text(reader.ReadString())} {(SftpOpenFlags)reader.ReadUInt32()}",
            _ => $"{Name(request.Type)} {Text(reader.ReadString())}",
        };
        Write(connection, '>', string.Create(CultureInfo.InvariantCulture, $"{request.Id} {text}"));
    }

    /// <summary>A reply is here.</summary>
    public void WriteReply(int connection, uint id, SftpPacketType type, int received, ReadOnlySpan<byte> body)
    {
        var text = Name(type);
        if (type == SftpPacketType.Data)
        {
            text = string.Create(CultureInfo.InvariantCulture, $"{text} {received} bytes");
        }
        else if (type == SftpPacketType.Status)
        {
            var reader = new SftpPacketReader(body);
            var code = reader.ReadUInt32();
            text = string.Create(CultureInfo.InvariantCulture, $"{text} {code} {(reader.IsAtEnd ? "" : Text(reader.ReadString()))}");
        }
        else if (type == SftpPacketType.Handle)
        {
            text = $"{text} {Hex(new SftpPacketReader(body).ReadString())}";
        }
        else if (type == SftpPacketType.Name)
        {
            var reader = new SftpPacketReader(body);
            var count = reader.ReadUInt32();
            text = string.Create(CultureInfo.InvariantCulture, $"{text} {count}{(count > 0 ? $" {Text(reader.ReadString())}" : "")}{(count > 1 ? " ..." : "")}");
        }

        Write(connection, '<', string.Create(CultureInfo.InvariantCulture, $"{id} {text}"));
    }

    private static string Name(SftpPacketType type) => type.ToString().ToUpperInvariant();

    private static string Hex(ReadOnlySpan<byte> handle) => Convert.ToHexStringLower(handle);

    private static string Text(ReadOnlySpan<byte> bytes) => PrintableText.From(System.Text.Encoding.UTF8.GetString(bytes));

    /// <summary>The first field of an extension: a path, a handle or a number.</summary>
    private static string Field(ref SftpPacketReader reader)
    {
        try
        {
            var bytes = reader.ReadString();
            return bytes is [(byte)'/', ..] or [(byte)'.', ..] or [(byte)'~', ..] ? Text(bytes) : Hex(bytes);
        }
        catch (RemoteException)
        {
            return ""; // it begins with something else
        }
    }

    private void Write(int connection, char direction, string text)
    {
        lock (_gate)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(_start).TotalSeconds,8:0.000} [{connection}] {direction} {text}"));
    }
}
