namespace FtpMount.Service.Control;

/// <summary>Bytes that have arrived and are not a whole line yet.</summary>
internal sealed class LineBuffer
{
    private byte[] _bytes = new byte[4096];
    private int _start;
    private int _end;

    internal int Length => _end - _start;

    internal Memory<byte> GetFree()
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, Length).CopyTo(_bytes);
            (_start, _end) = (0, Length);
        }

        if (_end == _bytes.Length)
            Array.Resize(ref _bytes, _bytes.Length * 2);
        return _bytes.AsMemory(_end);
    }

    internal void Advance(int count) => _end += count;

    /// <summary>Takes the next line, without its end. It is valid until the next call of <see cref="GetFree"/>.</summary>
    internal bool TryTakeLine(out ReadOnlyMemory<byte> line)
    {
        var end = _bytes.AsSpan(_start, Length).IndexOf((byte)'\n');
        line = end < 0 ? default : _bytes.AsMemory(_start, end);
        _start += end + 1;
        return end >= 0;
    }
}
