using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>unlink(2), above all of files that are open.</summary>
public static class UnlinkCases
{
    [PosixCase]
    public static void Unlink_removes_a_file(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        Check.Ok(Unlink(path));
        Check.Fails(Errno.ENOENT, Status(path, out _));
        Check.Fails(Errno.ENOENT, SystemCall.Open(path, ReadOnly));
        Check.Equal(0, List(d.Path).Count);
        d.SoonOnServer();
    }

    [PosixCase]
    public static void Unlink_of_what_is_missing_fails_with_ENOENT(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, Unlink(d["missing"]));
        Check.Ok(Unlink(d.Write("file", "x")));
        Check.Fails(Errno.ENOENT, Unlink(d["file"]));
    }

    [PosixCase]
    public static void Unlink_of_a_directory_fails_with_EISDIR(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        Check.Fails(Errno.EISDIR, Unlink(directory));
        Check.That(Status(directory).IsDirectory, "it is gone");
    }

    [PosixCase]
    public static void Unlink_of_a_file_with_a_trailing_slash_fails_with_ENOTDIR(CaseDirectory d) =>
        Check.Fails(Errno.ENOTDIR, Unlink(d.Write("file", "x") + "/"));

    [PosixCase]
    public static void Unlinkat_removes_files_and_with_REMOVEDIR_directories(CaseDirectory d)
    {
        d.Write("file", "x");
        d.MakeDirectory("directory");
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        Check.Fails(Errno.ENOTDIR, UnlinkAt(directory.Descriptor, "file", RemoveDirectory));
        Check.Fails(Errno.EISDIR, UnlinkAt(directory.Descriptor, "directory", 0));
        Check.Ok(UnlinkAt(directory.Descriptor, "file", 0));
        Check.Ok(UnlinkAt(directory.Descriptor, "directory", RemoveDirectory));
        Check.Equal(0, List(d.Path).Count);
    }

    [PosixCase]
    public static void An_unlinked_open_file_can_be_read(CaseDirectory d)
    {
        byte[] content = Pattern(300_000, 1);
        FilePath path = d.Write("file", content);
        using OpenFile file = CaseDirectory.Open(path, ReadOnly);
        Check.Ok(Unlink(path));
        Check.Bytes(content, ReadAll(file));
        Check.Equal(300_000, Status(file).Size);
        Check.Equal(0, List(d.Path).Count);
    }

    [PosixCase]
    public static void An_unlinked_open_file_has_no_link_left(CaseDirectory d)
    {
        FilePath path = d.Write("file", "x");
        using OpenFile file = CaseDirectory.Open(path, ReadOnly);
        Check.Equal(1u, Status(file).LinkCount);
        Check.Ok(Unlink(path));
        Check.Equal(0u, Status(file).LinkCount);
    }

    [PosixCase]
    public static void An_unlinked_open_file_can_be_written_and_never_comes_back(CaseDirectory d)
    {
        FilePath path = d.Write("file", "before");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(Unlink(path));
            WriteAllAt(file, "after, and longer"u8, 0);
            Check.Ok(Synchronize(file.Descriptor));
            Check.Bytes("after, and longer"u8, ReadAll(file));
            Check.Ok(TruncateDescriptor(file.Descriptor, 5));
            Check.Bytes("after"u8, ReadAll(file));
            Check.Ok(file.Close());
        }
        Check.Fails(Errno.ENOENT, Status(path, out _));
        Check.Equal(0, List(d.Path).Count);
        d.SoonOnServer();
    }

    [PosixCase]
    public static void A_temporary_file_that_is_unlinked_at_once_works_and_leaves_nothing(CaseDirectory d)
    {
        byte[] content = Pattern(100_000, 2);
        using (OpenFile file = CaseDirectory.Open(d["temporary"], ReadWrite | Create | Exclusive))
        {
            Check.Ok(Unlink(d["temporary"]));
            WriteAll(file, content);
            Check.Bytes(content, ReadAll(file));
            Check.Ok(file.Close());
        }
        d.SoonOnServer();
    }

    [PosixCase]
    public static void A_name_can_be_made_anew_while_its_old_file_is_open(CaseDirectory d)
    {
        FilePath path = d.Write("name", "old");
        using (OpenFile old = CaseDirectory.Open(path, ReadWrite))
        {
            Check.Ok(Unlink(path));
            d.Write("name", "new content");
            WriteAllAt(old, "OLD"u8, 0);
            Check.Bytes("OLD"u8, ReadAll(old));
            Check.Bytes("new content"u8, Read(path));
            Check.Ok(old.Close());
        }
        Check.Bytes("new content"u8, Read(path));
        Check.Bytes("new content"u8, d.OnServer("name"));
    }

    [PosixCase]
    public static void The_directory_of_an_unlinked_open_file_can_be_removed(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        FilePath path = d.Write("directory/file", "content");
        using OpenFile file = CaseDirectory.Open(path, ReadWrite);
        Check.Ok(Unlink(path));
        Check.Ok(RemoveEmptyDirectory(directory));
        Check.Bytes("content"u8, ReadAll(file));
        WriteAllAt(file, "C"u8, 0);
        Check.Ok(file.Close());
        d.SoonOnServer();
    }
}
