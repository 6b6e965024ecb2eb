using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>read(2), write(2), lseek(2), truncate(2), fallocate(2), copy_file_range(2).</summary>
public static class ContentCases
{
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int ZeroRange = 0x10;

    [PosixCase]
    public static void Read_past_the_end_returns_zero_bytes(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "abc"), ReadOnly);
        Check.Equal(0, Check.Ok(ReadAt(file.Descriptor, new byte[10], 3)));
        Check.Equal(0, Check.Ok(ReadAt(file.Descriptor, new byte[10], 1_000_000)));
    }

    [PosixCase]
    public static void Read_over_the_end_returns_what_there_is(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "abcdef"), ReadOnly);
        byte[] buffer = new byte[10];
        Check.Equal(2, Check.Ok(ReadAt(file.Descriptor, buffer, 4)));
        Check.Bytes("ef"u8, buffer.AsSpan(0, 2));
    }

    [PosixCase]
    public static void Read_of_an_empty_file_returns_zero_bytes(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", []), ReadOnly);
        Check.Equal(0, Check.Ok(SystemCall.Read(file.Descriptor, new byte[10])));
    }

    [PosixCase]
    public static void Read_at_a_negative_offset_fails_with_EINVAL(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "abc"), ReadOnly);
        Check.Fails(Errno.EINVAL, ReadAt(file.Descriptor, new byte[10], -1));
    }

    [PosixCase]
    public static void What_was_written_is_read_by_the_same_and_other_descriptors_before_close(CaseDirectory d)
    {
        using OpenFile writer = CaseDirectory.Open(d["file"], ReadWrite | Create);
        WriteAll(writer, "abcdef"u8);
        Check.Bytes("abcdef"u8, ReadAll(writer));
        Check.Bytes("abcdef"u8, Read(d["file"]));
        Check.Equal(6, Status(d["file"]).Size);
        using OpenFile reader = CaseDirectory.Open(d["file"], ReadOnly);
        WriteAllAt(writer, "XY"u8, 2);
        Check.Bytes("abXYef"u8, ReadAll(reader));
    }

    [PosixCase]
    public static void A_descriptor_that_was_opened_before_sees_later_changes(CaseDirectory d)
    {
        FilePath path = d.Write("file", "before");
        using OpenFile reader = CaseDirectory.Open(path, ReadOnly);
        Check.Bytes("before"u8, ReadAll(reader));
        using (OpenFile writer = CaseDirectory.Open(path, WriteOnly))
            WriteAll(writer, "after, longer"u8);
        Check.Bytes("after, longer"u8, ReadAll(reader));
        Check.Equal(13, Status(reader).Size);
    }

    [PosixCase]
    public static void Read_and_write_move_the_position_and_pread_and_pwrite_do_not(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], ReadWrite | Create);
        WriteAll(file, "0123456789"u8);
        Check.Equal(10, Check.Ok(Seek(file.Descriptor, 0, SeekOrigin.Current)));
        Check.Ok(WriteAt(file.Descriptor, "ab"u8, 2));
        Check.Ok(ReadAt(file.Descriptor, new byte[3], 4));
        Check.Equal(10, Check.Ok(Seek(file.Descriptor, 0, SeekOrigin.Current)));
        Check.Bytes("01ab456789"u8, ReadAll(file));
    }

    [PosixCase]
    public static void Lseek_goes_anywhere_but_below_zero(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "0123456789"), ReadOnly);
        Check.Equal(8, Check.Ok(Seek(file.Descriptor, -2, SeekOrigin.End)));
        Check.Equal(5, Check.Ok(Seek(file.Descriptor, -3, SeekOrigin.Current)));
        Check.Equal(1000, Check.Ok(Seek(file.Descriptor, 1000, SeekOrigin.Begin)));
        Check.Equal(0, Check.Ok(SystemCall.Read(file.Descriptor, new byte[4])));
        Check.Fails(Errno.EINVAL, Seek(file.Descriptor, -1, SeekOrigin.Begin));
    }

    [PosixCase]
    public static void Lseek_to_the_end_follows_a_growing_file(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using OpenFile reader = CaseDirectory.Open(path, ReadOnly);
        Check.Equal(3, Check.Ok(Seek(reader.Descriptor, 0, SeekOrigin.End)));
        using (OpenFile writer = CaseDirectory.Open(path, WriteOnly | Append))
            WriteAll(writer, "defg"u8);
        Check.Equal(7, Check.Ok(Seek(reader.Descriptor, 0, SeekOrigin.End)));
    }

    [PosixCase]
    public static void A_write_into_the_middle_keeps_what_is_around_it(CaseDirectory d)
    {
        byte[] content = Pattern(1_000_003, 3);
        FilePath path = d.Write("file", content);
        byte[] patch = Pattern(70_001, 4);
        using (OpenFile file = CaseDirectory.Open(path, WriteOnly))
        {
            WriteAllAt(file, patch, 500_001);
            Check.Ok(file.Close());
        }
        patch.CopyTo(content, 500_001);
        Check.Bytes(content, Read(path));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_single_byte_can_be_changed(CaseDirectory d)
    {
        byte[] content = Pattern(200_000, 5);
        FilePath path = d.Write("file", content);
        foreach (int offset in (int[])[0, 4095, 4096, 131_072, 199_999])
        {
            content[offset] ^= 0xFF;
            using OpenFile file = CaseDirectory.Open(path, ReadWrite);
            WriteAllAt(file, content.AsSpan(offset, 1), offset);
        }
        Check.Bytes(content, Read(path));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_write_behind_the_end_leaves_a_hole_of_zeroes(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            WriteAllAt(file, "xyz"u8, 1_500_000);
            Check.Equal(1_500_003, Status(file).Size);
        }
        byte[] expected = new byte[1_500_003];
        "abc"u8.CopyTo(expected);
        "xyz"u8.CopyTo(expected.AsSpan(1_500_000));
        Check.Bytes(expected, Read(path));
        Check.Bytes(expected, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_write_of_nothing_changes_nothing(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using (OpenFile file = CaseDirectory.Open(path, WriteOnly))
            Check.Equal(0, Check.Ok(WriteAt(file.Descriptor, [], 100)));
        Check.Equal(3, Status(path).Size);
    }

    [PosixCase]
    public static void One_write_may_be_large(CaseDirectory d)
    {
        byte[] content = Pattern((8 << 20) + 3, 6);
        FilePath path = d.Write("file", content);
        Check.Bytes(content, Read(path));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void Many_small_writes_of_odd_lengths_add_up(CaseDirectory d)
    {
        var expected = new MemoryStream();
        using (OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create))
        {
            for (int i = 1; i <= 600; i++)
            {
                byte[] piece = Pattern((i * 37 % 997) + 1, i);
                WriteAll(file, piece);
                expected.Write(piece);
            }
            Check.Ok(file.Close());
        }
        Check.Bytes(expected.ToArray(), Read(d["file"]));
        Check.Bytes(expected.ToArray(), d.OnServer("file"));
    }

    [PosixCase]
    public static void Writing_backwards_gives_the_same_file(CaseDirectory d)
    {
        byte[] content = Pattern(400_000, 7);
        using (OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create))
        {
            for (int end = content.Length; end > 0; end -= 25_000)
                WriteAllAt(file, content.AsSpan(end - 25_000, 25_000), end - 25_000);
            Check.Ok(file.Close());
        }
        Check.Bytes(content, Read(d["file"]));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void A_file_can_be_replaced_again_and_again(CaseDirectory d)
    {
        for (int round = 0; round < 10; round++)
        {
            byte[] content = Pattern(round * 1000, round);
            FilePath path = d.Write("file", content);
            Check.Bytes(content, Read(path));
            Check.Bytes(content, d.OnServer("file"));
        }
    }

    [PosixCase]
    public static void Ftruncate_shortens(CaseDirectory d)
    {
        FilePath path = d.Write("file", "0123456789");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(TruncateDescriptor(file.Descriptor, 4));
            Check.Equal(4, Status(file).Size);
            Check.Bytes("0123"u8, ReadAll(file));
        }
        Check.Bytes("0123"u8, Read(path));
        Check.Bytes("0123"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void Ftruncate_lengthens_with_zeroes(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(TruncateDescriptor(file.Descriptor, 100_000));
            Check.Equal(100_000, Status(file).Size);
        }
        byte[] expected = new byte[100_000];
        "abc"u8.CopyTo(expected);
        Check.Bytes(expected, Read(path));
        Check.Bytes(expected, d.OnServer("file"));
    }

    [PosixCase]
    public static void What_was_cut_off_does_not_come_back(CaseDirectory d)
    {
        FilePath path = d.Write("file", Pattern(50_000, 8));
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(TruncateDescriptor(file.Descriptor, 1));
            Check.Ok(TruncateDescriptor(file.Descriptor, 50_000));
        }
        byte[] expected = new byte[50_000];
        expected[0] = Pattern(50_000, 8)[0];
        Check.Bytes(expected, Read(path));
        Check.Bytes(expected, d.OnServer("file"));
    }

    [PosixCase]
    public static void Truncate_by_path_shortens_and_lengthens(CaseDirectory d)
    {
        FilePath path = d.Write("file", "0123456789");
        Check.Ok(SystemCall.Truncate(path, 5));
        Check.Equal(5, Status(path).Size);
        Check.Bytes("01234"u8, Read(path));
        Check.Bytes("01234"u8, d.OnServer("file"));
        Check.Ok(SystemCall.Truncate(path, 7));
        Check.Bytes("01234\0\0"u8, Read(path));
        Check.Bytes("01234\0\0"u8, d.OnServer("file"));
        Check.Ok(SystemCall.Truncate(path, 7));
        Check.Ok(SystemCall.Truncate(path, 0));
        Check.Bytes([], d.OnServer("file"));
    }

    [PosixCase]
    public static void Truncate_by_path_is_seen_by_descriptors_that_are_open(CaseDirectory d)
    {
        FilePath path = d.Write("file", "0123456789");
        using OpenFile file = CaseDirectory.Open(path, ReadWrite);
        Check.Bytes("0123456789"u8, ReadAll(file));
        Check.Ok(SystemCall.Truncate(path, 3));
        Check.Bytes("012"u8, ReadAll(file));
        WriteAllAt(file, "X"u8, 3);
        Check.Ok(file.Close());
        Check.Bytes("012X"u8, Read(path));
        Check.Bytes("012X"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void Truncate_refuses_what_is_no_file_to_write(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, SystemCall.Truncate(d["missing"], 0));
        Check.Fails(Errno.EISDIR, SystemCall.Truncate(d.MakeDirectory("directory"), 0));
        FilePath path = d.Write("file", "abc");
        Check.Fails(Errno.EINVAL, SystemCall.Truncate(path, -1));
        using OpenFile reader = CaseDirectory.Open(path, ReadOnly);
        Check.Fails(Errno.EINVAL, TruncateDescriptor(reader.Descriptor, 0));
    }

    [PosixCase]
    public static void Fallocate_lengthens_with_zeroes(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(Allocate(file.Descriptor, 0, 0, 10_000));
            Check.Equal(10_000, Status(file).Size);
        }
        byte[] expected = new byte[10_000];
        "abc"u8.CopyTo(expected);
        Check.Bytes(expected, Read(path));
        Check.Bytes(expected, d.OnServer("file"));
    }

    [PosixCase]
    public static void Fallocate_with_KEEP_SIZE_keeps_the_size(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(Allocate(file.Descriptor, KeepSize, 0, 10_000));
            Check.Equal(3, Status(file).Size);
        }
        Check.Bytes("abc"u8, Read(path));
    }

    [PosixCase]
    public static void Fallocate_punches_holes(CaseDirectory d)
    {
        FilePath path = d.Write("file", Pattern(20_000, 9));
        using OpenFile file = CaseDirectory.Open(path, ReadWrite);
        Check.Ok(Allocate(file.Descriptor, PunchHole | KeepSize, 4096, 8192));
        byte[] expected = Pattern(20_000, 9);
        expected.AsSpan(4096, 8192).Clear();
        Check.Bytes(expected, ReadAll(file));
    }

    [PosixCase]
    public static void Fallocate_zeroes_a_range(CaseDirectory d)
    {
        FilePath path = d.Write("file", Pattern(20_000, 10));
        using OpenFile file = CaseDirectory.Open(path, ReadWrite);
        Check.Ok(Allocate(file.Descriptor, ZeroRange, 4096, 8192));
        byte[] expected = Pattern(20_000, 10);
        expected.AsSpan(4096, 8192).Clear();
        Check.Bytes(expected, ReadAll(file));
    }

    [PosixCase]
    public static void Fallocate_refuses_a_read_only_descriptor_and_an_empty_range(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abc");
        using OpenFile reader = CaseDirectory.Open(path, ReadOnly);
        Check.Fails(Errno.EBADF, Allocate(reader.Descriptor, 0, 0, 10));
        using OpenFile writer = CaseDirectory.Open(path, WriteOnly);
        Check.Fails(Errno.EINVAL, Allocate(writer.Descriptor, 0, 0, 0));
    }

    [PosixCase]
    public static void The_end_of_a_file_counts_as_a_hole(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", Pattern(10_000, 11)), ReadOnly);
        Check.Equal(0, Check.Ok(SeekData(file.Descriptor, 0)));
        Check.Equal(10_000, Check.Ok(SeekHole(file.Descriptor, 0)));
        Check.Fails(Errno.ENXIO, SeekData(file.Descriptor, 10_000));
        Check.Fails(Errno.ENXIO, SeekHole(file.Descriptor, 10_000));
    }

    [PosixCase]
    public static void SEEK_DATA_and_SEEK_HOLE_never_call_data_a_hole(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], ReadWrite | Create);
        WriteAllAt(file, Pattern(4096, 12), 1 << 20);
        WriteAllAt(file, Pattern(4096, 13), 3 << 20);
        Check.That(Check.Ok(SeekData(file.Descriptor, 0)) <= 1 << 20, "the first data was passed over");
        Check.That(Check.Ok(SeekData(file.Descriptor, (1 << 20) + 4096)) <= 3 << 20, "the second data was passed over");
        long hole = Check.Ok(SeekHole(file.Descriptor, 1 << 20));
        Check.That(hole >= (1 << 20) + 4096, "data was called a hole");
    }

    [PosixCase]
    public static void Copy_file_range_copies_between_files(CaseDirectory d)
    {
        byte[] content = Pattern(300_000, 14);
        using (OpenFile source = CaseDirectory.Open(d.Write("source", content), ReadOnly))
        using (OpenFile target = CaseDirectory.Open(d["target"], WriteOnly | Create))
        {
            for (long done = 0; done < 200_000;)
            {
                long count = Check.Ok(CopyRange(source.Descriptor, 50_000 + done, target.Descriptor, 10 + done, 200_000 - done));
                Check.That(count > 0, "nothing was copied");
                done += count;
            }
            Check.Equal(0, Check.Ok(CopyRange(source.Descriptor, 300_000, target.Descriptor, 0, 10)));
            Check.Ok(target.Close());
        }
        byte[] expected = [.. new byte[10], .. content.AsSpan(50_000, 200_000)];
        Check.Bytes(expected, Read(d["target"]));
        Check.Bytes(expected, d.OnServer("target"));
    }

    [PosixCase]
    public static void Copy_file_range_within_a_file_refuses_an_overlap(CaseDirectory d)
    {
        byte[] content = Pattern(30_000, 15);
        FilePath path = d.Write("file", content);
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Fails(Errno.EINVAL, CopyRange(file.Descriptor, 0, file.Descriptor, 5_000, 10_000));
            Check.Equal(10_000, Check.Ok(CopyRange(file.Descriptor, 0, file.Descriptor, 20_000, 10_000)));
            Check.Ok(file.Close());
        }
        content.AsSpan(0, 10_000).CopyTo(content.AsSpan(20_000));
        Check.Bytes(content, Read(path));
        Check.Bytes(content, d.OnServer("file"));
    }

    [PosixCase]
    public static void Dropping_the_page_cache_loses_nothing(CaseDirectory d)
    {
        const int DontNeed = 4;
        byte[] content = Pattern(500_000, 16);
        using OpenFile file = CaseDirectory.Open(d["file"], ReadWrite | Create);
        WriteAll(file, content);
        Check.Ok(Advise(file.Descriptor, 0, 0, DontNeed));
        Check.Bytes(content, ReadAll(file));
        Check.Ok(Synchronize(file.Descriptor));
        Check.Ok(Advise(file.Descriptor, 0, 0, DontNeed));
        Check.Bytes(content, ReadAll(file));
    }
}
