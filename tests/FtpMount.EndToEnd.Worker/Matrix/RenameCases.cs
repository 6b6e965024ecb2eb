using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>rename(2) and renameat2(2).</summary>
public static class RenameCases
{
    [PosixCase]
    public static void Rename_of_a_file_moves_its_content(CaseDirectory d)
    {
        FilePath path = d.Write("old", "content");
        Check.Ok(Rename(path, d["new"]));
        Check.Fails(Errno.ENOENT, Status(path, out _));
        Check.Bytes("content"u8, Read(d["new"]));
        Check.Bytes("content"u8, d.OnServer("new"));
        Check.Equal("new", string.Join(' ', List(d.Path)));
        Check.Equal("new", string.Join(' ', d.NamesOnServer()));
    }

    [PosixCase]
    public static void Rename_over_a_file_replaces_it(CaseDirectory d)
    {
        FilePath source = d.Write("source", "new content");
        FilePath target = d.Write("target", "old");
        Check.Ok(Rename(source, target));
        Check.Bytes("new content"u8, Read(target));
        Check.Bytes("new content"u8, d.OnServer("target"));
        Check.Equal("target", string.Join(' ', List(d.Path)));
        d.SoonOnServer("target");
    }

    [PosixCase]
    public static void Rename_over_an_open_file_leaves_its_reader_the_old_content(CaseDirectory d)
    {
        byte[] old = Pattern(200_000, 1);
        FilePath target = d.Write("target", old);
        using OpenFile reader = CaseDirectory.Open(target, ReadOnly);
        Check.Ok(Rename(d.Write("source", "new"), target));
        Check.Bytes("new"u8, Read(target));
        Check.Bytes(old, ReadAll(reader));
        Check.Equal(200_000, Status(reader).Size);
    }

    [PosixCase]
    public static void Rename_over_an_open_file_keeps_its_writer_off_the_new_one(CaseDirectory d)
    {
        FilePath target = d.Write("target", "old");
        using (OpenFile writer = CaseDirectory.Open(target, ReadWrite))
        {
            Check.Ok(Rename(d.Write("source", "new"), target));
            WriteAllAt(writer, "written to the old one"u8, 0);
            Check.Bytes("written to the old one"u8, ReadAll(writer));
            Check.Ok(writer.Close());
        }
        Check.Bytes("new"u8, Read(target));
        Check.Bytes("new"u8, d.OnServer("target"));
        d.SoonOnServer("target");
    }

    [PosixCase]
    public static void Rename_of_an_open_file_takes_its_writer_along(CaseDirectory d)
    {
        using (OpenFile file = CaseDirectory.Open(d["old"], ReadWrite | Create))
        {
            WriteAll(file, "before "u8);
            Check.Ok(Rename(d["old"], d["new"]));
            WriteAll(file, "after"u8);
            Check.Bytes("before after"u8, ReadAll(file));
            Check.Ok(file.Close());
        }
        Check.Bytes("before after"u8, Read(d["new"]));
        Check.Bytes("before after"u8, d.OnServer("new"));
        Check.Equal("new", string.Join(' ', d.NamesOnServer()));
    }

    [PosixCase]
    public static void Rename_of_an_open_file_over_another_open_file(CaseDirectory d)
    {
        FilePath target = d.Write("target", "old");
        using (OpenFile old = CaseDirectory.Open(target, ReadWrite))
        using (OpenFile file = CaseDirectory.Open(d["source"], ReadWrite | Create))
        {
            WriteAll(file, "new "u8);
            Check.Ok(Rename(d["source"], target));
            WriteAll(file, "content"u8);
            WriteAllAt(old, "OLD"u8, 0);
            Check.Ok(file.Close());
            Check.Ok(old.Close());
        }
        Check.Bytes("new content"u8, Read(target));
        Check.Bytes("new content"u8, d.OnServer("target"));
        d.SoonOnServer("target");
    }

    [PosixCase]
    public static void A_save_by_temporary_file_and_rename_is_whole_at_once(CaseDirectory d)
    {
        FilePath path = d.Write("document", "version 0");
        for (int version = 1; version <= 5; version++)
        {
            byte[] content = System.Text.Encoding.ASCII.GetBytes($"version {version}");
            using (OpenFile file = CaseDirectory.Open(d[".document.swp"], WriteOnly | Create | Exclusive))
            {
                WriteAll(file, content);
                Check.Ok(Synchronize(file.Descriptor));
                Check.Ok(file.Close());
            }
            Check.Ok(Rename(d[".document.swp"], path));
            Check.Bytes(content, Read(path));
            Check.Bytes(content, d.OnServer("document"));
        }
        Check.Equal("document", string.Join(' ', d.NamesOnServer()));
    }

    [PosixCase]
    public static void Rename_of_a_file_over_a_directory_fails_with_EISDIR(CaseDirectory d) =>
        Check.Fails(Errno.EISDIR, Rename(d.Write("file", "x"), d.MakeDirectory("directory")));

    [PosixCase]
    public static void Rename_of_a_directory_over_a_file_fails_with_ENOTDIR(CaseDirectory d) =>
        Check.Fails(Errno.ENOTDIR, Rename(d.MakeDirectory("directory"), d.Write("file", "x")));

    [PosixCase]
    public static void Rename_of_a_directory_over_an_empty_one_replaces_it(CaseDirectory d)
    {
        FilePath source = d.MakeDirectory("source");
        d.Write("source/file", "x");
        Check.Ok(Rename(source, d.MakeDirectory("target")));
        Check.Bytes("x"u8, Read(d["target/file"]));
        Check.Equal("target", string.Join(' ', List(d.Path)));
    }

    [PosixCase]
    public static void Rename_of_a_directory_over_one_that_is_not_empty_fails_with_ENOTEMPTY(CaseDirectory d)
    {
        FilePath source = d.MakeDirectory("source");
        FilePath target = d.MakeDirectory("target");
        d.Write("target/file", "x");
        Check.FailsWithOneOf([Errno.ENOTEMPTY, Errno.EEXIST], Rename(source, target));
        Check.Bytes("x"u8, Read(d["target/file"]));
    }

    [PosixCase]
    public static void Rename_of_a_directory_into_itself_fails_with_EINVAL(CaseDirectory d)
    {
        FilePath outer = d.MakeDirectory("outer");
        d.MakeDirectory("outer/inner");
        Check.Fails(Errno.EINVAL, Rename(outer, d["outer/new"]));
        Check.Fails(Errno.EINVAL, Rename(outer, d["outer/inner/new"]));
    }

    [PosixCase]
    public static void Rename_onto_an_ancestor_fails_with_ENOTEMPTY(CaseDirectory d)
    {
        FilePath outer = d.MakeDirectory("outer");
        FilePath inner = d.MakeDirectory("outer/inner");
        Check.FailsWithOneOf([Errno.ENOTEMPTY, Errno.EEXIST], Rename(inner, outer));
    }

    [PosixCase]
    public static void Rename_onto_itself_does_nothing(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        Check.Ok(Rename(path, path));
        Check.Bytes("content"u8, Read(path));
        FilePath directory = d.MakeDirectory("directory");
        Check.Ok(Rename(directory, directory));
    }

    [PosixCase]
    public static void Rename_of_what_is_missing_fails_with_ENOENT(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, Rename(d["missing"], d["new"]));
        Check.Fails(Errno.ENOENT, Rename(d.Write("file", "x"), d["missing/new"]));
    }

    [PosixCase]
    public static void Rename_to_below_a_file_fails_with_ENOTDIR(CaseDirectory d)
    {
        FilePath file = d.Write("file", "x");
        Check.Fails(Errno.ENOTDIR, Rename(d.Write("other", "y"), file + "/new"));
        Check.Fails(Errno.ENOTDIR, Rename(file + "/", d["new"]));
    }

    [PosixCase]
    public static void Rename_that_changes_only_the_case_of_letters(CaseDirectory d)
    {
        Check.Ok(Rename(d.Write("readme", "x"), d["README"]));
        Check.Equal("README", string.Join(' ', List(d.Path)));
        Check.Equal("README", string.Join(' ', d.NamesOnServer()));
    }

    [PosixCase]
    public static void Rename_of_a_directory_takes_all_below_along(CaseDirectory d)
    {
        FilePath old = d.MakeDirectory("old");
        d.MakeDirectory("old/deep");
        d.Write("old/deep/file", "content");
        Check.Ok(Status(d["old/deep/file"], out _));
        Check.Ok(Rename(old, d["new"]));
        Check.Fails(Errno.ENOENT, Status(d["old/deep/file"], out _));
        Check.Bytes("content"u8, Read(d["new/deep/file"]));
        d.Write("new/deep/second", "more");
        Check.Bytes("more"u8, d.OnServer("new/deep/second"));
    }

    [PosixCase]
    public static void Rename_of_a_directory_takes_an_open_file_along(CaseDirectory d)
    {
        d.MakeDirectory("old");
        using (OpenFile file = CaseDirectory.Open(d["old/file"], ReadWrite | Create))
        {
            WriteAll(file, "before "u8);
            Check.Ok(Rename(d["old"], d["new"]));
            WriteAll(file, "after"u8);
            Check.Ok(file.Close());
        }
        Check.Bytes("before after"u8, Read(d["new/file"]));
        Check.Bytes("before after"u8, d.OnServer("new/file"));
    }

    [PosixCase]
    public static void A_name_that_was_renamed_away_can_be_made_anew(CaseDirectory d)
    {
        Check.Ok(Rename(d.Write("name", "first"), d["other"]));
        d.Write("name", "second");
        Check.Bytes("first"u8, Read(d["other"]));
        Check.Bytes("second"u8, Read(d["name"]));
        Check.Ok(Rename(d["name"], d["other"]));
        Check.Bytes("second"u8, Read(d["other"]));
        Check.Fails(Errno.ENOENT, Status(d["name"], out _));
    }

    [PosixCase]
    public static void Rename_across_directories(CaseDirectory d)
    {
        d.MakeDirectory("here");
        d.MakeDirectory("there");
        FilePath path = d.Write("here/file", "content");
        Check.Ok(Rename(path, d["there/moved"]));
        Check.Equal(0, List(d["here"]).Count);
        Check.Bytes("content"u8, Read(d["there/moved"]));
        Check.Ok(Rename(d["there"], d["here/there"]));
        Check.Bytes("content"u8, Read(d["here/there/moved"]));
        Check.Bytes("content"u8, d.OnServer("here/there/moved"));
    }

    [PosixCase]
    public static void Rename_keeps_inode_and_modification_time(CaseDirectory d)
    {
        FilePath path = d.Write("old", "content");
        Check.Ok(ChangeTimes(path, new TimeSpecification(1_000_000_000, 0), new TimeSpecification(1_000_000_000, 0)));
        FileStatus before = Status(path);
        Check.Ok(Rename(path, d["new"]));
        FileStatus after = Status(d["new"]);
        Check.Equal(before.Inode, after.Inode);
        Check.Equal(1_000_000_000, after.Modified.Seconds);
    }

    [PosixCase]
    public static void Rename_with_NOREPLACE_spares_what_exists(CaseDirectory d)
    {
        FilePath source = d.Write("source", "source");
        FilePath target = d.Write("target", "target");
        Check.Fails(Errno.EEXIST, Rename(source, target, RenameFlags.NoReplace));
        Check.Bytes("target"u8, Read(target));
        Check.Fails(Errno.EEXIST, Rename(source, d.MakeDirectory("directory"), RenameFlags.NoReplace));
        Check.Ok(Rename(source, d["new"], RenameFlags.NoReplace));
        Check.Bytes("source"u8, Read(d["new"]));
    }

    [PosixCase]
    public static void Rename_with_EXCHANGE_swaps_two_names(CaseDirectory d)
    {
        FilePath first = d.Write("first", "1");
        FilePath second = d.Write("second", "2");
        Check.Ok(Rename(first, second, RenameFlags.Exchange));
        Check.Bytes("2"u8, Read(first));
        Check.Bytes("1"u8, Read(second));
    }

    [PosixCase]
    public static void Rename_with_EXCHANGE_of_a_missing_name_fails_with_ENOENT(CaseDirectory d) =>
        Check.Fails(Errno.ENOENT, Rename(d.Write("first", "1"), d["missing"], RenameFlags.Exchange));

    [PosixCase]
    public static void Rename_with_contradicting_flags_fails_with_EINVAL(CaseDirectory d) =>
        Check.Fails(Errno.EINVAL, Rename(d.Write("first", "1"), d.Write("second", "2"), RenameFlags.NoReplace | RenameFlags.Exchange));

    [PosixCase]
    public static void Rename_to_a_name_of_256_bytes_fails_with_ENAMETOOLONG(CaseDirectory d) =>
        Check.Fails(Errno.ENAMETOOLONG, Rename(d.Write("file", "x"), d[new string('n', 256)]));

    [PosixCase]
    public static void Rename_of_the_dots_is_refused(CaseDirectory d)
    {
        d.MakeDirectory("directory");
        Check.FailsWithOneOf([Errno.EBUSY, Errno.EINVAL], Rename(d["directory/."], d["new"]));
        Check.FailsWithOneOf([Errno.EBUSY, Errno.EINVAL, Errno.ENOTEMPTY], Rename(d["directory/.."], d["new"]));
    }
}
