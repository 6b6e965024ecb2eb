using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>stat(2), chmod(2), chown(2), utimensat(2), access(2), statvfs(3), extended attributes.</summary>
public static class AttributeCases
{
    private static readonly TimeSpecification Past = new(1_234_567_890, 0);

    [PosixCase]
    public static void Stat_of_what_is_missing_fails(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, Status(d["missing"], out _));
        d.Write("file", "x");
        Check.Fails(Errno.ENOTDIR, Status(d["file/below"], out _));
        Check.Fails(Errno.ENOTDIR, Status(d["file/"], out _));
    }

    [PosixCase]
    public static void Stat_by_name_and_by_descriptor_agree(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        using OpenFile file = CaseDirectory.Open(path, ReadOnly);
        FileStatus byName = Status(path);
        FileStatus byDescriptor = Status(file);
        Check.Equal(byName.Inode, byDescriptor.Inode);
        Check.Equal(7, byDescriptor.Size);
        Check.Equal(byName.Mode, byDescriptor.Mode);
        Check.Equal(byName.Modified.Seconds, byDescriptor.Modified.Seconds);
        Check.Equal(1u, byName.LinkCount);
    }

    [PosixCase]
    public static void Files_have_inode_numbers_of_their_own_that_stay(CaseDirectory d)
    {
        ulong first = Status(d.Write("first", "x")).Inode;
        ulong second = Status(d.Write("second", "x")).Inode;
        Check.That(first != second && first != 0 && second != 0, "not unique");
        d.Write("first", "changed");
        Check.Equal(first, Status(d["first"]).Inode);
        Check.Ok(SystemCall.Truncate(d["first"], 2));
        Check.Equal(first, Status(d["first"]).Inode);
    }

    [PosixCase]
    public static void The_owner_of_what_a_program_makes_is_the_program(CaseDirectory d)
    {
        Check.Equal(EffectiveUser, Status(d.Write("file", "x")).UserId);
        Check.Equal(EffectiveUser, Status(d.MakeDirectory("directory")).UserId);
    }

    [PosixCase]
    public static void Blocks_are_counted_so_that_du_works(CaseDirectory d)
    {
        FileStatus status = Status(d.Write("file", Pattern(100_000, 1)));
        Check.That(status.Blocks * 512 is >= 100_000 and < 300_000, $"{status.Blocks} blocks");
    }

    [PosixCase]
    public static void Access_of_an_existing_file_succeeds(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(Access(path, 0));
        Check.Ok(Access(path, 4));
        Check.Ok(Access(path, 2));
        Check.Fails(Errno.ENOENT, Access(d["missing"], 0));
    }

    [PosixCase]
    public static void Chmod_changes_the_mode(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        foreach (int mode in (int[])[Octal(600), Octal(755), Octal(644)])
        {
            Check.Ok(ChangeMode(path, mode));
            Check.Equal(mode, Status(path).Permissions);
        }
        FilePath directory = d.MakeDirectory("directory");
        Check.Ok(ChangeMode(directory, Octal(700)));
        Check.Equal(Octal(700), Status(directory).Permissions);
    }

    [PosixCase]
    public static void Chmod_reaches_the_server(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(ChangeMode(path, Octal(640)));
        Check.Equal(Octal(640), Status(d.ServerPath / "file").Permissions);
    }

    [PosixCase]
    public static void Chmod_of_an_open_file_survives_its_close(CaseDirectory d)
    {
        using (OpenFile file = CaseDirectory.Open(d["script"], WriteOnly | Create))
        {
            WriteAll(file, "#!/bin/sh\n"u8);
            Check.Ok(ChangeModeOf(file.Descriptor, Octal(750)));
            Check.Ok(file.Close());
        }
        Check.Equal(Octal(750), Status(d["script"]).Permissions);
        Check.Equal(Octal(750), Status(d.ServerPath / "script").Permissions);
    }

    [PosixCase]
    public static void A_changed_file_keeps_its_mode(CaseDirectory d)
    {
        FilePath path = d.Write("script", "#!/bin/sh\n");
        Check.Ok(ChangeMode(path, Octal(755)));
        using (OpenFile file = CaseDirectory.Open(path, WriteOnly | Append))
        {
            WriteAll(file, "exit 0\n"u8);
            Check.Ok(file.Close());
        }
        Check.Equal(Octal(755), Status(path).Permissions);
        Check.Equal(Octal(755), Status(d.ServerPath / "script").Permissions);
    }

    [PosixCase]
    public static void Chmod_of_what_is_missing_fails_with_ENOENT(CaseDirectory d) => Check.Fails(Errno.ENOENT, ChangeMode(d["missing"], Octal(644)));

    [PosixCase]
    public static void Chown_to_the_same_owner_succeeds(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        FileStatus status = Status(path);
        Check.Ok(ChangeOwner(path, status.UserId, status.GroupId));
        Check.Ok(ChangeOwner(path, uint.MaxValue, uint.MaxValue));
    }

    [PosixCase]
    public static void Chown_changes_the_owner(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(ChangeOwner(path, 12_345, 12_345));
        Check.Equal(12_345u, Status(path).UserId);
    }

    [PosixCase]
    public static void Utimens_sets_whole_seconds(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(ChangeTimes(path, Past, Past));
        Check.Equal(Past.Seconds, Status(path).Modified.Seconds);
        Check.Equal(Past.Seconds, Status(d.ServerPath / "file").Modified.Seconds);
    }

    [PosixCase]
    public static void Utimens_sets_the_time_of_a_directory(CaseDirectory d)
    {
        FilePath path = d.MakeDirectory("directory");
        Check.Ok(ChangeTimes(path, Past, Past));
        Check.Equal(Past.Seconds, Status(path).Modified.Seconds);
    }

    [PosixCase]
    public static void Utimens_of_a_directory_reaches_the_server(CaseDirectory d)
    {
        Check.Ok(ChangeTimes(d.MakeDirectory("directory"), Past, Past));
        Check.That(Status(d.ServerPath / "directory").Modified.Seconds == Past.Seconds, "other time");
    }

    [PosixCase]
    public static void Utimens_sets_nanoseconds(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        var exact = new TimeSpecification(1_234_567_890, 123_456_700);
        Check.Ok(ChangeTimes(path, exact, exact));
        Check.Equal(123_456_700u, Status(path).Modified.Nanoseconds);
    }

    [PosixCase]
    public static void Utimens_sets_the_present_or_leaves_a_time_alone(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(ChangeTimes(path, Past, Past));
        Check.Ok(ChangeTimes(path, TimeSpecification.Now, TimeSpecification.Unchanged));
        Check.Equal(Past.Seconds, Status(path).Modified.Seconds);
        Check.Ok(ChangeTimes(path, TimeSpecification.Unchanged, TimeSpecification.Now));
        long age = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - Status(path).Modified.Seconds;
        Check.That(age is > -5 and < 60, $"{age} s ago");
    }

    [PosixCase]
    public static void A_time_that_was_set_on_an_open_file_survives_its_close(CaseDirectory d)
    {
        using (OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create))
        {
            WriteAll(file, Pattern(10_000, 2));
            Check.Ok(ChangeTimesOf(file.Descriptor, Past, Past));
            Check.Ok(file.Close());
        }
        Check.Equal(Past.Seconds, Status(d["file"]).Modified.Seconds);
        Check.Equal(Past.Seconds, Status(d.ServerPath / "file").Modified.Seconds);
    }

    [PosixCase]
    public static void A_write_after_utimens_sets_the_present_again(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        using (OpenFile file = CaseDirectory.Open(path, WriteOnly))
        {
            Check.Ok(ChangeTimesOf(file.Descriptor, Past, Past));
            WriteAll(file, "y"u8);
            Check.Ok(file.Close());
        }
        Check.That(Status(path).Modified.Seconds > Past.Seconds + 1000, "the old time stayed");
    }

    [PosixCase]
    public static void Reading_leaves_the_modification_time_alone_and_writing_does_not(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(ChangeTimes(path, Past, Past));
        Read(path);
        Check.Equal(Past.Seconds, Status(path).Modified.Seconds);
        d.Write("file", "yy");
        Check.That(Status(path).Modified.Seconds > Past.Seconds + 1000, "the old time stayed");
        Check.Ok(ChangeTimes(path, Past, Past));
        Check.Ok(SystemCall.Truncate(path, 1));
        Check.That(Status(path).Modified.Seconds > Past.Seconds + 1000, "the old time stayed after truncate");
    }

    [PosixCase]
    public static void Utimens_of_what_is_missing_fails_with_ENOENT(CaseDirectory d) => Check.Fails(Errno.ENOENT, ChangeTimes(d["missing"], Past, Past));

    [PosixCase]
    public static void Statvfs_gives_sane_figures(CaseDirectory d)
    {
        Check.Ok(FileSystem(d.Path, out FileSystemStatus status));
        Check.That(status.BlockSize >= 512, $"block size {status.BlockSize}");
        Check.Equal(255ul, status.MaximumNameLength);
        Check.That(status.AvailableBlocks > 0, "no room");
        Check.That(status.Blocks >= status.AvailableBlocks, "more room than size");
    }

    [PosixCase]
    public static void A_missing_extended_attribute_is_no_other_error(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.FailsWithOneOf([Errno.ENODATA, Errno.ENOTSUP], GetAttribute(path, "user.missing", new byte[10]));
        Outcome list = ListAttributes(path, new byte[4096]);
        Check.That(list.Succeeded || list.Error == Errno.ENOTSUP, list.ToString());
    }

    [PosixCase]
    public static void Extended_attributes_are_kept(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(SetAttribute(path, "user.comment", "hello"u8));
        byte[] value = new byte[10];
        Check.Equal(5, Check.Ok(GetAttribute(path, "user.comment", value)));
        Check.Bytes("hello"u8, value.AsSpan(0, 5));
    }
}
