namespace FtpMount.Vfs.Content;

/// <summary>The bytes from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
/// <param name="Start">The first byte, from 0.</param>
/// <param name="End">The byte after the last.</param>
public readonly record struct ByteRange(long Start, long End)
{
    /// <summary>The number of bytes.</summary>
    public long Length => End - Start;

    /// <summary>Whether there is no byte in it.</summary>
    public bool IsEmpty => End <= Start;
}
