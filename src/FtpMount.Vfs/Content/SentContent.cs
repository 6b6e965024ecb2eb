namespace FtpMount.Vfs.Content;

/// <summary>
/// A stream that is read once from its beginning to its end and remembers, by checksums of small pieces, what was read: when the link is lost, it can still be told whether what the server has
/// is the beginning of that, also after the file itself was changed.
/// </summary>
/// <param name="content">What is sent; not disposed with this.</param>
internal sealed class SentContent(Stream content) : Stream
{
    /// <summary>Bytes with one checksum: a part that ends within the first piece is not known again, and the last piece of a longer part is not compared.</summary>
    private const int Piece = 512;

    private readonly List<uint> _checksums = [];
    private uint _register = uint.MaxValue;
    private long _count;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => content.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => content.Position;
        set => throw new NotSupportedException();
    }

    /// <summary>Whether what the server has, which was read through another one to its end, is what was sent here or a beginning of it.</summary>
    /// <param name="stored">What the server has.</param>
    public bool BeginsWith(SentContent stored)
    {
        if (stored._count > _count)
            return false;
        if (stored._count == _count)
            return _checksums.SequenceEqual(stored._checksums) && _register == stored._register;
        var whole = (int)(stored._count / Piece);
        return stored._count == 0 || (whole > 0 && _checksums.Take(whole).SequenceEqual(stored._checksums.Take(whole)));
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = content.Read(buffer);
        Append(buffer[..count]);
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Append(buffer.Span[..count]);
        return count;
    }

    /// <summary>Takes further bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..(int)Math.Min(bytes.Length, Piece - (_count % Piece))];
            _register = Crc32.Append(_register, part);
            _count += part.Length;
            bytes = bytes[part.Length..];
            if (_count % Piece == 0)
                _checksums.Add(_register);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
