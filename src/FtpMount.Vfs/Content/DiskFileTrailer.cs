using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FtpMount.Remote;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>
/// What stands behind the content in a file of the disk cache: whose it is and what of it is present, with a checksum, so that the next start can use it. Written when
/// the last user has closed the file. What is not whole is not believed.
/// </summary>
/// <remarks>
/// Content and trailer are written without waiting for the disk. After a crash of the program the kernel still has them; after a crash of the machine
/// it may have the trailer and not the content. So a trailer names the boot of the machine in which it was written, and is believed in that one only.
/// </remarks>
internal sealed record DiskFileTrailer(string Site, RemotePath Path, FileVersion Version, RangeSet Present)
{
    private const int FooterLength = 16;
    private const int MaximumLength = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "FtpMntC1"u8;

    private static string Boot { get; } = ReadBoot();

    /// <summary>The trailer's bytes: fields, SHA-256 of them, length, magic.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        Write(writer, Boot);
        Write(writer, Site);
        Write(writer, Path.Value);
        writer.Write(Version.Size);
        writer.Write(Version.Modified is not null);
        writer.Write(Version.Modified?.Value.UtcTicks ?? 0);
        writer.Write(Version.Modified?.Precision.Ticks ?? 0);
        writer.Write(Version.UniqueId is not null);
        Write(writer, Version.UniqueId ?? "");
        var ranges = new byte[Present.SerializedLength];
        Present.WriteTo(ranges);
        writer.Write(ranges);
        writer.Flush();
        writer.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        writer.Write(stream.Length + FooterLength);
        writer.Write(Magic);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Reads the trailer of a file; false when there is none to believe.</summary>
    public static bool TryRead(SafeFileHandle handle, [NotNullWhen(true)] out DiskFileTrailer? trailer, out int length)
    {
        trailer = null;
        length = 0;
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> footer = stackalloc byte[FooterLength];
        if (fileLength < FooterLength || RandomAccess.Read(handle, footer, fileLength - FooterLength) != FooterLength || !footer[8..].SequenceEqual(Magic))
            return false;
        var claimed = MemoryMarshal.Read<long>(footer);
        if (claimed < FooterLength + SHA256.HashSizeInBytes || claimed > Math.Min(fileLength, MaximumLength))
            return false;
        length = (int)claimed;
        var bytes = new byte[length - FooterLength];
        if (RandomAccess.Read(handle, bytes, fileLength - length) != bytes.Length)
            return false;
        var fields = bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes);
        if (!SHA256.HashData(fields).AsSpan().SequenceEqual(bytes.AsSpan(fields.Length)))
            return false;
        trailer = Parse(fields.ToArray());
        return trailer is not null && fileLength - length == DiskFile.RoundUp(trailer.Version.Size);
    }

    private static DiskFileTrailer? Parse(byte[] fields)
    {
        try
        {
            using var stream = new MemoryStream(fields);
            using var reader = new BinaryReader(stream);
            if (ReadString(reader) != Boot)
                return null;
            var site = ReadString(reader);
            var path = RemotePath.Parse(ReadString(reader));
            var size = reader.ReadInt64();
            var isTimeKnown = reader.ReadBoolean();
            var time = new RemoteTime(new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero), TimeSpan.FromTicks(reader.ReadInt64()));
            var isIdKnown = reader.ReadBoolean();
            var id = ReadString(reader);
            if (size < 0 || !RangeSet.TryRead(fields.AsSpan((int)stream.Position), out var present) || (present.Count > 0 && present[present.Count - 1].End > size))
                return null;
            return new DiskFileTrailer(site, path, new FileVersion(size, isTimeKnown ? time : null, isIdKnown ? id : null), present);
        }
        catch (Exception e) when (e is EndOfStreamException or RemoteException or ArgumentException)
        {
            return null;
        }
    }

    // UTF-16 as it is: names may hold lone surrogates, which UTF-8 would not bring back.
    private static void Write(BinaryWriter writer, string text)
    {
        writer.Write(text.Length);
        writer.Write(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private static string ReadString(BinaryReader reader)
    {
        var length = reader.ReadInt32();
        if (length < 0 || length > reader.BaseStream.Length)
            throw new EndOfStreamException();
        var chars = new char[length];
        reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(chars.AsSpan()));
        return new string(chars);
    }

    /// <summary>The identity of this boot of the machine; where there is none, of this process, so that nothing is believed after it.</summary>
    private static string ReadBoot()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid().ToString();
        }
    }
}
