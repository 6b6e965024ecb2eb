using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>What calls do with a symbolic link itself, and what with the file it leads to.</summary>
public static class SymlinkCases
{
    private static readonly TimeSpecification Past = new(1_000_000_000, 0);

    [PosixCase]
    public static void Lstat_of_a_symlink_tells_of_the_link_and_stat_of_the_file(CaseDirectory d)
    {
        FilePath link = Make(d, "a-longer-name", "link");
        Check.Equal(13L, Lstat(link).Size);
        Check.That(IsLink(Lstat(link)), "lstat does not see a link");
        Check.Fails(Errno.ENOENT, SystemCall.Status(link, out _));
        d.Write("a-longer-name", "content");
        Check.Equal(7L, Status(link).Size);
        Check.That(Status(link).IsFile, "stat does not follow the link");
    }

    [PosixCase]
    public static void A_symlink_that_leads_nowhere_can_be_read_and_removed_and_not_opened(CaseDirectory d)
    {
        FilePath link = Make(d, "missing", "link");
        Check.Fails(Errno.ENOENT, SystemCall.Open(link, ReadOnly));
        Check.Equal(7L, Check.Ok(ReadLink(link, new byte[100])));
        Check.Ok(Unlink(link));
        Check.Fails(Errno.ENOENT, ReadLink(link, new byte[100]));
    }

    [PosixCase]
    public static void O_CREAT_through_a_symlink_makes_its_target(CaseDirectory d)
    {
        FilePath link = Make(d, "target", "link");
        using (OpenFile file = CaseDirectory.Open(link, WriteOnly | Create))
            WriteAll(file, "content"u8);
        Check.Bytes("content"u8, Read(d["target"]));
        Check.That(IsLink(Lstat(link)), "the link is a link no more");
    }

    [PosixCase]
    public static void O_EXCL_does_not_follow_a_symlink(CaseDirectory d)
    {
        Check.Fails(Errno.EEXIST, SystemCall.Open(Make(d, "missing", "link"), WriteOnly | Create | Exclusive));
        Check.Fails(Errno.ENOENT, SystemCall.Status(d["missing"], out _));
    }

    [PosixCase]
    public static void A_circle_of_symlinks_fails_with_ELOOP(CaseDirectory d)
    {
        Make(d, "other", "one");
        Make(d, "one", "other");
        Check.Fails(Errno.ELOOP, SystemCall.Open(d["one"], ReadOnly));
        Check.Fails(Errno.ELOOP, SystemCall.Status(d["other"] / "below", out _));
        Check.Fails(Errno.ELOOP, Truncate(d["one"], 0));
    }

    [PosixCase]
    public static void Unlink_of_a_symlink_leaves_its_target(CaseDirectory d)
    {
        d.Write("file", "content");
        Check.Ok(Unlink(Make(d, "file", "link")));
        Check.Bytes("content"u8, Read(d["file"]));
        d.MakeDirectory("directory");
        FilePath link = Make(d, "directory", "link");
        Check.Fails(Errno.ENOTDIR, RemoveEmptyDirectory(link));
        Check.Ok(Unlink(link));
        Check.That(Status(d["directory"]).IsDirectory, "the directory is gone");
    }

    [PosixCase]
    public static void Rename_of_a_symlink_moves_the_link(CaseDirectory d)
    {
        d.Write("file", "content");
        Check.Ok(Rename(Make(d, "file", "link"), d["moved"]));
        Check.That(IsLink(Lstat(d["moved"])), "the link is a link no more");
        Check.Bytes("content"u8, Read(d["moved"]));
        Check.Bytes("content"u8, Read(d["file"]));
        Check.Fails(Errno.ENOENT, SystemCall.Status(d["link"], out _, follow: false));
    }

    [PosixCase]
    public static void Rename_over_a_symlink_replaces_the_link_and_not_its_target(CaseDirectory d)
    {
        d.Write("file", "content");
        FilePath link = Make(d, "file", "link");
        Check.Ok(Rename(d.Write("new", "other"), link));
        Check.Bytes("other"u8, Read(link));
        Check.That(!IsLink(Lstat(link)), "the link is still there");
        Check.Bytes("content"u8, Read(d["file"]));
    }

    [PosixCase]
    public static void Chmod_and_truncate_by_a_symlink_change_its_target(CaseDirectory d)
    {
        d.Write("file", "content");
        FilePath link = Make(d, "file", "link");
        Check.Ok(ChangeMode(link, Octal(600)));
        Check.Equal(Octal(600), Status(d["file"]).Permissions);
        Check.Ok(Truncate(link, 3));
        Check.Bytes("con"u8, Read(d["file"]));
    }

    [PosixCase]
    public static void Utimens_by_a_symlink_changes_its_target(CaseDirectory d)
    {
        d.Write("file", "content");
        Check.Ok(ChangeTimes(Make(d, "file", "link"), Past, Past));
        Check.Equal(Past.Seconds, Status(d["file"]).Modified.Seconds);
    }

    [PosixCase]
    public static void A_symlink_to_a_directory_is_walked_through(CaseDirectory d)
    {
        d.MakeDirectory("directory");
        FilePath link = Make(d, "directory", "link");
        using (OpenFile file = CaseDirectory.Open(link / "file", WriteOnly | Create))
            WriteAll(file, "content"u8);
        Check.Bytes("content"u8, Read(d["directory"] / "file"));
        Check.Ok(SystemCall.MakeDirectory(link / "below"));
        Check.That(Status(d["directory"] / "below").IsDirectory, "the directory is not there");
        Check.Fails(Errno.EEXIST, SystemCall.MakeDirectory(link));
    }

    [PosixCase]
    public static void A_symlink_below_what_is_missing_or_a_file_fails(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, Symlink("x", d["missing"] / "link"));
        d.Write("file", "x");
        Check.Fails(Errno.ENOTDIR, Symlink("x", d["file"] / "link"));
    }

    private static FilePath Make(CaseDirectory d, FilePath target, FilePath name)
    {
        Check.Ok(Symlink(target, d[name]));
        return d[name];
    }

    private static FileStatus Lstat(FilePath path)
    {
        Check.Ok(SystemCall.Status(path, out FileStatus status, follow: false));
        return status;
    }

    private static bool IsLink(FileStatus status) => status is { IsFile: false, IsDirectory: false };
}
