using System.Buffers.Binary;

namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>
/// Pseudo-random content in which every byte follows from the seed and its offset, so that any range of a file of any size can be
/// written and verified without keeping the file (SplitMix64 of the word's number).
/// </summary>
public static class PositionedContent
{
    /// <summary>Fills a buffer with the content from an offset on.</summary>
    public static void Fill(Span<byte> buffer, long offset, int seed)
    {
        Span<byte> word = stackalloc byte[8];
        while (!buffer.IsEmpty)
        {
            int within = (int)(offset & 7);
            ulong value = Word(offset >> 3, seed);
            if (within == 0 && buffer.Length >= 8)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(buffer, value);
                buffer = buffer[8..];
                offset += 8;
                continue;
            }
            BinaryPrimitives.WriteUInt64LittleEndian(word, value);
            int count = Math.Min(8 - within, buffer.Length);
            word.Slice(within, count).CopyTo(buffer);
            buffer = buffer[count..];
            offset += count;
        }
    }

    /// <summary>The offset in the file of the first byte that differs; -1 when none does.</summary>
    public static long FindDifference(ReadOnlySpan<byte> actual, long offset, int seed)
    {
        byte[] expected = new byte[actual.Length];
        Fill(expected, offset, seed);
        int same = actual.CommonPrefixLength(expected);
        return same == actual.Length ? -1 : offset + same;
    }

    private static ulong Word(long index, int seed)
    {
        ulong z = ((ulong)index * 0x9E3779B97F4A7C15) + ((ulong)(uint)seed * 0xD1342543DE82EF95) + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
