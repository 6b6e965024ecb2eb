using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>Cuts the bytes of a listing into lines as they arrive, LF or CRLF, without copying more than the line that is cut by the end of a block.</summary>
internal sealed class LineSplitter
{
    /// <summary>No honest line is longer: a name has 255 bytes, a link's target 4,095, the facts a few hundred.</summary>
    public const int LongestLine = 64 * 1024;

    private byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;
    private int _scanned;

    /// <summary>Where to put the next bytes; never empty.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: a line is too long.</exception>
    public Memory<byte> GetBuffer()
    {
        if (_end - _start > LongestLine)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent a listing with a line of more than {LongestLine} bytes.");
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _scanned -= _start;
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into the buffer.</summary>
    public void Advance(int count) => _end += count;

    /// <summary>Takes the next whole line, without its end; it is valid until <see cref="GetBuffer"/>.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var end = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
        if (end < 0)
        {
            _scanned = _end;
            line = default;
            return false;
        }

        line = _buffer.AsSpan(_start, _scanned + end - _start);
        if (!line.IsEmpty && line[^1] == (byte)'\r')
            line = line[..^1];
        _start = _scanned = _scanned + end + 1;
        return true;
    }

    /// <summary>What follows the last line end, when the listing is over.</summary>
    public ReadOnlySpan<byte> Rest => _buffer.AsSpan(_start, _end - _start);
}
