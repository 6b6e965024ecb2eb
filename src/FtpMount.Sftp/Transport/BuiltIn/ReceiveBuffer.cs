using System.Buffers;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// Received bytes that nobody has asked for yet, in pooled blocks that are returned as they are emptied. How much there can be is the business of the channel's window.
/// Not thread-safe.
/// </summary>
internal sealed class ReceiveBuffer
{
    private const int BlockSize = 256 << 10;

    private readonly Queue<byte[]> _blocks = new();
    private byte[]? _last;
    private int _start;
    private int _end;

    /// <summary>How many bytes are in it.</summary>
    public int Length { get; private set; }

    /// <summary>Copies bytes to its end.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_last is null || _end == _last.Length)
            {
                _last = ArrayPool<byte>.Shared.Rent(BlockSize);
                _blocks.Enqueue(_last);
                _end = 0;
            }

            var count = Math.Min(bytes.Length, _last.Length - _end);
            bytes[..count].CopyTo(_last.AsSpan(_end));
            _end += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Takes bytes from its beginning, as many as there are and fit.</summary>
    public int Take(Span<byte> destination)
    {
        var total = Math.Min(destination.Length, Length);
        for (var done = 0; done < total;)
        {
            var block = _blocks.Peek();
            var end = ReferenceEquals(block, _last) ? _end : block.Length;
            var count = Math.Min(total - done, end - _start);
            block.AsSpan(_start, count).CopyTo(destination[done..]);
            done += count;
            _start += count;
            if (_start == end)
                ReturnFirst();
        }

        Length -= total;
        return total;
    }

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        while (_blocks.Count > 0)
            ReturnFirst();
        Length = 0;
    }

    private void ReturnFirst()
    {
        var block = _blocks.Dequeue();
        if (ReferenceEquals(block, _last))
            _last = null;
        _start = 0;
        ArrayPool<byte>.Shared.Return(block);
    }
}
