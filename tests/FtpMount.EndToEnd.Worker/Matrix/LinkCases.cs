using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>symlink(2), link(2), mknod(2), locks.</summary>
public static class LinkCases
{
    private const int LockExclusive = 2;
    private const int LockShared = 1;
    private const int LockNonBlocking = 4;
    private const int Unlock = 8;
    private const int SetOpenFileLock = 37;
    private const short ReadLock = 0;
    private const short WriteLock = 1;

    [PosixCase]
    public static void Symlink_makes_a_link(CaseDirectory d)
    {
        d.Write("file", "content");
        Check.Ok(Symlink("file", d["link"]));
        byte[] target = new byte[100];
        Check.Equal(4, Check.Ok(ReadLink(d["link"], target)));
        Check.Bytes("content"u8, Read(d["link"]));
    }

    [PosixCase]
    public static void A_symlink_over_an_existing_name_fails_with_EEXIST(CaseDirectory d) => Check.Fails(Errno.EEXIST, Symlink("x", d.Write("file", "x")));

    [PosixCase]
    public static void Readlink_of_a_file_fails_with_EINVAL(CaseDirectory d)
    {
        Check.Fails(Errno.EINVAL, ReadLink(d.Write("file", "x"), new byte[100]));
        Check.Fails(Errno.ENOENT, ReadLink(d["missing"], new byte[100]));
    }

    [PosixCase]
    public static void Link_makes_a_second_name(CaseDirectory d)
    {
        Check.Ok(Link(d.Write("file", "content"), d["second"]));
        Check.Bytes("content"u8, Read(d["second"]));
        Check.Equal(2u, Status(d["file"]).LinkCount);
    }

    [PosixCase]
    public static void Link_of_a_directory_fails_with_EPERM(CaseDirectory d) => Check.Fails(Errno.EPERM, Link(d.MakeDirectory("directory"), d["second"]));

    [PosixCase]
    public static void Link_over_an_existing_name_fails_with_EEXIST(CaseDirectory d) => Check.Fails(Errno.EEXIST, Link(d.Write("file", "x"), d.Write("other", "y")));

    [PosixCase]
    public static void Mknod_makes_a_regular_file(CaseDirectory d)
    {
        Check.Ok(MakeNode(d["file"], 0x8000 | Octal(644), 0));
        Check.That(Status(d["file"]).IsFile, "not a regular file");
        Check.Bytes([], d.OnServer("file"));
        Check.Fails(Errno.EEXIST, MakeNode(d["file"], 0x8000 | Octal(644), 0));
    }

    [PosixCase]
    public static void Mknod_makes_a_fifo(CaseDirectory d)
    {
        Check.Ok(MakeNode(d["fifo"], 0x1000 | Octal(644), 0));
        Check.Equal(0x1000, Status(d["fifo"]).Kind);
    }

    [PosixCase]
    public static void Mknod_makes_a_socket(CaseDirectory d)
    {
        Check.Ok(MakeNode(d["socket"], 0xC000 | Octal(644), 0));
        Check.Equal(0xC000, Status(d["socket"]).Kind);
    }

    [PosixCase]
    public static void Flock_excludes_other_descriptors(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        using OpenFile first = CaseDirectory.Open(path, ReadWrite);
        using OpenFile second = CaseDirectory.Open(path, ReadWrite);
        Check.Ok(LockWhole(first.Descriptor, LockExclusive | LockNonBlocking));
        Check.Fails(Errno.EAGAIN, LockWhole(second.Descriptor, LockExclusive | LockNonBlocking));
        Check.Fails(Errno.EAGAIN, LockWhole(second.Descriptor, LockShared | LockNonBlocking));
        Check.Ok(LockWhole(first.Descriptor, Unlock));
        Check.Ok(LockWhole(second.Descriptor, LockShared | LockNonBlocking));
        Check.Ok(LockWhole(first.Descriptor, LockShared | LockNonBlocking));
    }

    [PosixCase]
    public static void A_lock_ends_with_its_descriptor(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        using OpenFile first = CaseDirectory.Open(path, ReadWrite);
        using OpenFile second = CaseDirectory.Open(path, ReadWrite);
        Check.Ok(LockWhole(first.Descriptor, LockExclusive | LockNonBlocking));
        Check.Ok(first.Close());
        Check.Ok(LockWhole(second.Descriptor, LockExclusive | LockNonBlocking));
    }

    [PosixCase]
    public static void Record_locks_exclude_where_they_overlap(CaseDirectory d)
    {
        FilePath path = d.Write("file", "0123456789");
        using OpenFile first = CaseDirectory.Open(path, ReadWrite);
        using OpenFile second = CaseDirectory.Open(path, ReadWrite);
        var held = new RecordLock { Type = WriteLock, Start = 0, Length = 5 };
        Check.Ok(LockRange(first.Descriptor, SetOpenFileLock, ref held));
        var overlapping = new RecordLock { Type = ReadLock, Start = 4, Length = 2 };
        Check.FailsWithOneOf([Errno.EAGAIN, Errno.EACCES], LockRange(second.Descriptor, SetOpenFileLock, ref overlapping));
        var apart = new RecordLock { Type = WriteLock, Start = 5, Length = 5 };
        Check.Ok(LockRange(second.Descriptor, SetOpenFileLock, ref apart));
    }
}
