namespace FtpMount.Vfs.Content;

/// <summary>CRC-32 of ISO 3309 (ZIP, Ethernet, XCRC): polynomial 0xEDB88320 in reversed order, eight bytes at a time by eight tables ("slicing by eight").</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Slices = 8;

    private static readonly uint[] Table = MakeTable();

    /// <summary>The register after further bytes. It begins as all ones; the checksum is its complement.</summary>
    public static uint Append(uint register, ReadOnlySpan<byte> content)
    {
        var table = Table;
        while (content.Length >= Slices)
        {
            var low = register ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(content);
            var high = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(content[4..]);
            register = table[(7 * 256) + (byte)low] ^ table[(6 * 256) + (byte)(low >> 8)] ^ table[(5 * 256) + (byte)(low >> 16)] ^ table[(4 * 256) + (low >> 24)]
                ^ table[(3 * 256) + (byte)high] ^ table[(2 * 256) + (byte)(high >> 8)] ^ table[256 + (byte)(high >> 16)] ^ table[high >> 24];
            content = content[Slices..];
        }

        foreach (var value in content)
            register = (register >> 8) ^ table[(byte)(register ^ value)];
        return register;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[Slices * 256];
        for (var i = 0u; i < 256; i++)
        {
            var register = i;
            for (var bit = 0; bit < 8; bit++)
                register = (register >> 1) ^ ((register & 1) * Polynomial);
            table[i] = register;
        }

        for (var i = 256; i < table.Length; i++)
            table[i] = (table[i - 256] >> 8) ^ table[(byte)table[i - 256]];
        return table;
    }
}
