using System.Buffers.Text;
using FtpMount.Remote;

namespace FtpMount.Ftp.Control;

/// <summary>
/// Cuts the byte stream of a control connection into replies (RFC 959 section 4.2). Pure: bytes go in by <see cref="GetBuffer"/> and
/// <see cref="Advance"/> in pieces of any size, replies come out of <see cref="TryRead"/>.
/// <para>
/// A reply is one line <c>xyz text</c>, or begins with <c>xyz-text</c> and ends with the next line <c>xyz text</c>; lines between may look like
/// anything. Tolerated because servers do it: LF alone as line end, a last line that is the code alone, empty lines between replies.
/// </para>
/// </summary>
internal sealed class FtpReplyReader
{
    /// <summary>No honest reply is longer: a FEAT reply has a few kilobytes, STAT of one path a few hundred bytes.</summary>
    public const int LongestReply = 1 << 20;

    private const int InitialCapacity = 4096;
    private const int SmallestFree = 1024;
    private const int CodeLength = 3;

    private byte[] _buffer = new byte[InitialCapacity];
    private int _start;
    private int _end;

    /// <summary>Up to where the bytes from <see cref="_start"/> on have been searched for the end of the reply.</summary>
    private int _scanned;
    private int _code;

    /// <summary>Whether bytes are at hand that belong to no reply read so far.</summary>
    public bool HasInput => _end > _start;

    /// <summary>Where to put the next bytes; never empty.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: the reply is longer than <see cref="LongestReply"/>.</exception>
    public Memory<byte> GetBuffer()
    {
        if (_start == _end)
            _start = _end = _scanned = 0;
        if (_buffer.Length - _end < SmallestFree)
        {
            var length = _end - _start;
            if (length > LongestReply)
                throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent a reply of more than {LongestReply} bytes.");
            var target = length + SmallestFree > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
            _buffer.AsSpan(_start, length).CopyTo(target);
            _buffer = target;
            _scanned -= _start;
            _start = 0;
            _end = length;
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into the buffer.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Takes the next reply out, when it is there as a whole.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: this is not FTP.</exception>
    public bool TryRead(out FtpReply? reply)
    {
        reply = null;
        while (true)
        {
            var lineEnd = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (lineEnd < 0)
            {
                if (_scanned == _start)
                    RejectIfNoCode(_buffer.AsSpan(_start, _end - _start));
                return false;
            }

            var line = _buffer.AsSpan(_scanned, lineEnd).TrimEnd((byte)'\r');
            var first = _scanned == _start;
            _scanned += lineEnd + 1;
            if (first)
            {
                if (line.Trim("\r\0 "u8).IsEmpty)
                {
                    _start = _scanned;
                    continue;
                }

                _code = ParseCode(line);
                if (line.Length > CodeLength && line[CodeLength] == '-')
                    continue;
            }
            else if (!IsLastLine(line))
            {
                continue;
            }

            reply = new FtpReply(new FtpReplyCode(_code), _buffer.AsSpan(_start, _scanned - _start).ToArray());
            _start = _scanned;
            if (_start == _end && _buffer.Length > InitialCapacity)
            {
                _buffer = new byte[InitialCapacity];
                _start = _end = _scanned = 0;
            }

            return true;
        }
    }

    private bool IsLastLine(ReadOnlySpan<byte> line) =>
        line.Length >= CodeLength
        && (line.Length == CodeLength || line[CodeLength] == ' ')
        && Utf8Parser.TryParse(line[..CodeLength], out int code, out var consumed)
        && consumed == CodeLength
        && code == _code;

    private static int ParseCode(ReadOnlySpan<byte> line)
    {
        RejectIfNoCode(line);
        if (line.Length < CodeLength || line[0] is < (byte)'1' or > (byte)'5' || (line.Length > CodeLength && line[CodeLength] is not ((byte)' ' or (byte)'-')))
            throw NotFtp(line);
        return ((line[0] - '0') * 100) + ((line[1] - '0') * 10) + (line[2] - '0');
    }

    /// <summary>Notices as early as possible that the other side does not speak FTP (SSH, HTTP and TLS servers send no line end for long).</summary>
    private static void RejectIfNoCode(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] is (byte)'\r' or 0 or (byte)' ')
            return;
        for (var i = 0; i < Math.Min(line.Length, CodeLength); i++)
        {
            var digit = line[i];
            if (!char.IsAsciiDigit((char)digit) || (i == 0 && digit is < (byte)'1' or > (byte)'5'))
                throw NotFtp(line);
        }
    }

    private static RemoteException NotFtp(ReadOnlySpan<byte> line)
    {
        var said = FtpReply.Printable(System.Text.Encoding.UTF8.GetString(line[..Math.Min(line.Length, 60)]));
        return new RemoteException(RemoteError.ProtocolViolation, $"This is not an FTP server (it said \"{said}\").") { ServerReply = said };
    }
}
