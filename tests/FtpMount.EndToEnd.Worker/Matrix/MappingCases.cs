using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>mmap(2), msync(2), munmap(2).</summary>
public static class MappingCases
{
    [PosixCase]
    public static void A_mapping_shows_the_content_and_zeroes_behind_it(CaseDirectory d)
    {
        byte[] content = Pattern(10_000, 1);
        using OpenFile file = CaseDirectory.Open(d.Write("file", content), ReadOnly);
        using MappedFile mapped = Map(file, 12_288, MappedFile.Readable, MappedFile.Shared);
        Check.Bytes(content, mapped.Bytes[..10_000]);
        Check.That(mapped.Bytes[10_000..].IndexOfAnyExcept((byte)0) < 0, "not zero behind the end");
    }

    [PosixCase]
    public static void A_private_mapping_keeps_its_changes_to_itself(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abcdef");
        using (OpenFile file = CaseDirectory.Open(path, ReadOnly))
        using (MappedFile mapped = Map(file, 6, MappedFile.Readable | MappedFile.Writable, MappedFile.Private))
        {
            "XY"u8.CopyTo(mapped.Bytes);
            Check.Bytes("XYcdef"u8, mapped.Bytes);
            Check.Bytes("abcdef"u8, ReadAll(file));
        }
        Check.Bytes("abcdef"u8, Read(path));
    }

    [PosixCase]
    public static void A_shared_mapping_is_seen_by_read_and_is_on_the_server_after_msync_and_fsync(CaseDirectory d)
    {
        byte[] content = Pattern(20_000, 2);
        using OpenFile file = CaseDirectory.Open(d.Write("file", content), ReadWrite);
        using MappedFile mapped = Map(file, content.Length, MappedFile.Readable | MappedFile.Writable, MappedFile.Shared);
        "changed"u8.CopyTo(mapped.Bytes[9_000..]);
        "changed"u8.CopyTo(content.AsSpan(9_000));
        Check.Bytes(content, ReadAll(file));
        Check.Ok(mapped.Synchronize());
        Check.Ok(SystemCall.Synchronize(file.Descriptor));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_shared_mapping_without_msync_is_on_the_server_after_munmap_and_close(CaseDirectory d)
    {
        byte[] content = Pattern(20_000, 3);
        using (OpenFile file = CaseDirectory.Open(d.Write("file", content), ReadWrite))
        {
            using (MappedFile mapped = Map(file, content.Length, MappedFile.Readable | MappedFile.Writable, MappedFile.Shared))
                "changed"u8.CopyTo(mapped.Bytes[15_000..]);
            Check.Ok(file.Close());
        }
        "changed"u8.CopyTo(content.AsSpan(15_000));
        Check.Bytes(content, Read(d["file"]));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_shared_mapping_works_on_after_its_descriptor_was_closed(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abcdef");
        MappedFile mapped;
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
            mapped = Map(file, 6, MappedFile.Readable | MappedFile.Writable, MappedFile.Shared);
        using (mapped)
        {
            Check.Bytes("abcdef"u8, mapped.Bytes);
            "XY"u8.CopyTo(mapped.Bytes);
            Check.Ok(mapped.Synchronize());
        }
        Check.Bytes("XYcdef"u8, Read(path));
    }

    [PosixCase]
    public static void A_write_is_seen_through_a_mapping(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", Pattern(9_000, 4)), ReadWrite);
        using MappedFile mapped = Map(file, 9_000, MappedFile.Readable, MappedFile.Shared);
        Check.Bytes(Pattern(9_000, 4), mapped.Bytes);
        WriteAllAt(file, "written"u8, 5_000);
        Check.Bytes("written"u8, mapped.Bytes.Slice(5_000, 7));
    }

    [PosixCase]
    public static void A_mapping_survives_unlink(CaseDirectory d)
    {
        FilePath path = d.Write("file", Pattern(200_000, 5));
        using OpenFile file = CaseDirectory.Open(path, ReadWrite);
        using MappedFile mapped = Map(file, 200_000, MappedFile.Readable | MappedFile.Writable, MappedFile.Shared);
        Check.Ok(SystemCall.Unlink(path));
        Check.Bytes(Pattern(200_000, 5), mapped.Bytes);
        mapped.Bytes[0] = 1;
        Check.Ok(mapped.Synchronize());
        Check.Equal(0, List(d.Path).Count);
    }

    [PosixCase]
    public static void A_writable_shared_mapping_of_a_read_only_descriptor_fails_with_EACCES(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "abc"), ReadOnly);
        Check.Fails(Errno.EACCES, MappedFile.TryMap(file.Descriptor, 3, MappedFile.Writable, MappedFile.Shared, 0, out _));
    }

    [PosixCase]
    public static void A_mapping_of_nothing_fails_with_EINVAL(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "abc"), ReadOnly);
        Check.Fails(Errno.EINVAL, MappedFile.TryMap(file.Descriptor, 0, MappedFile.Readable, MappedFile.Shared, 0, out _));
    }

    [PosixCase]
    public static void A_new_file_is_filled_through_a_mapping(CaseDirectory d)
    {
        byte[] content = Pattern(100_000, 6);
        using (OpenFile file = CaseDirectory.Open(d["file"], ReadWrite | Create))
        {
            Check.Ok(SystemCall.TruncateDescriptor(file.Descriptor, content.Length));
            using (MappedFile mapped = Map(file, content.Length, MappedFile.Readable | MappedFile.Writable, MappedFile.Shared))
                content.CopyTo(mapped.Bytes);
            Check.Ok(file.Close());
        }
        Check.Bytes(content, Read(d["file"]));
        Check.Bytes(content, d.OnServer("file"));
    }

    private static MappedFile Map(OpenFile file, long length, int protection, int flags)
    {
        Check.Ok(MappedFile.TryMap(file.Descriptor, length, protection, flags, 0, out MappedFile? mapped));
        return mapped!;
    }
}
