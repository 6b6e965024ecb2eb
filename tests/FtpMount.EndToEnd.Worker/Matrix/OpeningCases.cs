using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>open(2): its flags, what it makes, what it refuses; dup(2) and close(2).</summary>
public static class OpeningCases
{
    [PosixCase]
    public static void Open_of_a_missing_file_fails_with_ENOENT(CaseDirectory d) => Check.Fails(Errno.ENOENT, SystemCall.Open(d["missing"], ReadOnly));

    [PosixCase]
    public static void Open_below_a_missing_directory_fails_with_ENOENT(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, SystemCall.Open(d["missing/file"], ReadOnly));
        Check.Fails(Errno.ENOENT, SystemCall.Open(d["missing/file"], WriteOnly | Create));
    }

    [PosixCase]
    public static void Open_below_a_file_fails_with_ENOTDIR(CaseDirectory d)
    {
        d.Write("file", "x");
        Check.Fails(Errno.ENOTDIR, SystemCall.Open(d["file/below"], ReadOnly));
        Check.Fails(Errno.ENOTDIR, SystemCall.Open(d["file/below"], WriteOnly | Create));
    }

    [PosixCase]
    public static void O_CREAT_makes_an_empty_file(CaseDirectory d)
    {
        using (OpenFile file = CaseDirectory.Open(d["new"], WriteOnly | Create))
        {
            Check.Equal(0, Status(file).Size);
            Check.That(Status(d["new"]).IsFile, "not a regular file");
            Check.Ok(file.Close());
        }
        Check.Bytes([], Read(d["new"]));
        Check.Bytes([], d.OnServer("new"));
    }

    [PosixCase]
    public static void O_CREAT_gives_the_requested_mode(CaseDirectory d)
    {
        ChangeUmask(Octal(22));
        CaseDirectory.Open(d["narrow"], WriteOnly | Create, Octal(640)).Dispose();
        CaseDirectory.Open(d["executable"], WriteOnly | Create, Octal(777)).Dispose();
        Check.Equal(Octal(640), Status(d["narrow"]).Permissions);
        Check.Equal(Octal(755), Status(d["executable"]).Permissions);
    }

    [PosixCase]
    public static void O_CREAT_obeys_the_umask(CaseDirectory d)
    {
        int before = ChangeUmask(Octal(77));
        try
        {
            CaseDirectory.Open(d["private"], WriteOnly | Create, Octal(666)).Dispose();
        }
        finally
        {
            ChangeUmask(before);
        }
        Check.Equal(Octal(600), Status(d["private"]).Permissions);
    }

    [PosixCase]
    public static void O_CREAT_keeps_what_an_existing_file_holds(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        using OpenFile file = CaseDirectory.Open(path, ReadWrite | Create);
        Check.Bytes("content"u8, ReadAll(file));
    }

    [PosixCase]
    public static void O_EXCL_makes_a_missing_file(CaseDirectory d)
    {
        using (OpenFile file = CaseDirectory.Open(d["new"], ReadWrite | Create | Exclusive))
            WriteAll(file, "x"u8);
        Check.Bytes("x"u8, Read(d["new"]));
    }

    [PosixCase]
    public static void O_EXCL_on_an_existing_name_fails_with_EEXIST(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        Check.Fails(Errno.EEXIST, SystemCall.Open(path, ReadWrite | Create | Exclusive));
        Check.Fails(Errno.EEXIST, SystemCall.Open(d.MakeDirectory("directory"), WriteOnly | Create | Exclusive));
        Check.Bytes("content"u8, Read(path));
    }

    [PosixCase]
    public static void O_EXCL_succeeds_again_after_unlink(CaseDirectory d)
    {
        for (int round = 0; round < 3; round++)
        {
            CaseDirectory.Open(d["lock"], WriteOnly | Create | Exclusive).Dispose();
            Check.Fails(Errno.EEXIST, SystemCall.Open(d["lock"], WriteOnly | Create | Exclusive));
            Check.Ok(Unlink(d["lock"]));
        }
    }

    [PosixCase]
    public static void O_CREAT_on_a_directory_fails_with_EISDIR(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        Check.Fails(Errno.EISDIR, SystemCall.Open(directory, WriteOnly | Create));
        Check.Fails(Errno.EISDIR, SystemCall.Open(directory, ReadOnly | Create));
    }

    [PosixCase]
    public static void O_CREAT_of_a_name_with_a_trailing_slash_fails_with_EISDIR(CaseDirectory d) =>
        Check.Fails(Errno.EISDIR, SystemCall.Open(d["new/"], WriteOnly | Create));

    [PosixCase]
    public static void Open_of_a_file_with_a_trailing_slash_fails_with_ENOTDIR(CaseDirectory d) =>
        Check.Fails(Errno.ENOTDIR, SystemCall.Open(d.Write("file", "x") + "/", ReadOnly));

    [PosixCase]
    public static void O_TRUNC_empties_a_file(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        CaseDirectory.Open(path, WriteOnly | OpenFlags.Truncate).Dispose();
        Check.Equal(0, Status(path).Size);
        Check.Bytes([], d.OnServer("file"));
        d.Write("file", "again");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite | OpenFlags.Truncate))
        {
            Check.Bytes([], ReadAll(file));
            WriteAll(file, "new"u8);
        }
        Check.Bytes("new"u8, Read(path));
    }

    [PosixCase]
    public static void O_TRUNC_is_seen_by_descriptors_that_are_open(CaseDirectory d)
    {
        FilePath path = d.Write("file", "content");
        using OpenFile reader = CaseDirectory.Open(path, ReadOnly);
        Check.Bytes("content"u8, ReadAll(reader));
        CaseDirectory.Open(path, WriteOnly | OpenFlags.Truncate).Dispose();
        Check.Equal(0, Status(reader).Size);
        Check.Bytes([], ReadAll(reader));
    }

    [PosixCase]
    public static void Reading_a_write_only_descriptor_fails_with_EBADF(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create);
        Check.Fails(Errno.EBADF, SystemCall.Read(file.Descriptor, new byte[10]));
    }

    [PosixCase]
    public static void Writing_a_read_only_descriptor_fails_with_EBADF(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "x"), ReadOnly);
        Check.Fails(Errno.EBADF, SystemCall.Write(file.Descriptor, "y"u8));
    }

    [PosixCase]
    public static void Open_of_a_directory_for_writing_fails_with_EISDIR(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        Check.Fails(Errno.EISDIR, SystemCall.Open(directory, WriteOnly));
        Check.Fails(Errno.EISDIR, SystemCall.Open(directory, ReadWrite));
        Check.Fails(Errno.EISDIR, SystemCall.Open(directory, WriteOnly | OpenFlags.Truncate));
    }

    [PosixCase]
    public static void Read_of_a_directory_fails_with_EISDIR(CaseDirectory d)
    {
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly);
        Check.Fails(Errno.EISDIR, SystemCall.Read(directory.Descriptor, new byte[10]));
    }

    [PosixCase]
    public static void O_DIRECTORY_opens_a_directory_and_nothing_else(CaseDirectory d)
    {
        CaseDirectory.Open(d.MakeDirectory("directory"), ReadOnly | OpenFlags.Directory).Dispose();
        Check.Fails(Errno.ENOTDIR, SystemCall.Open(d.Write("file", "x"), ReadOnly | OpenFlags.Directory));
        Check.Fails(Errno.ENOENT, SystemCall.Open(d["missing"], ReadOnly | OpenFlags.Directory));
    }

    [PosixCase]
    public static void O_NOFOLLOW_opens_what_is_no_link(CaseDirectory d) =>
        CaseDirectory.Open(d.Write("file", "x"), ReadOnly | OpenFlags.NoFollow).Dispose();

    [PosixCase]
    public static void O_NOFOLLOW_on_a_link_fails_with_ELOOP(CaseDirectory d)
    {
        d.Write("file", "x");
        Check.Ok(Symlink("file", d["link"]));
        Check.Fails(Errno.ELOOP, SystemCall.Open(d["link"], ReadOnly | OpenFlags.NoFollow));
    }

    [PosixCase]
    public static void O_PATH_gives_a_descriptor_for_names_only(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Write("file", "content"), PathOnly);
        Check.Equal(7, Status(file).Size);
        Check.Fails(Errno.EBADF, SystemCall.Read(file.Descriptor, new byte[10]));
    }

    [PosixCase]
    public static void O_TMPFILE_makes_a_file_without_a_name(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d.Path, ReadWrite | TemporaryFile);
        WriteAll(file, "x"u8);
        Check.Equal(0, List(d.Path).Count);
    }

    [PosixCase]
    public static void O_APPEND_writes_at_the_end_wherever_the_position_is(CaseDirectory d)
    {
        FilePath path = d.Write("log", "one ");
        using (OpenFile file = CaseDirectory.Open(path, ReadWrite | Append))
        {
            WriteAll(file, "two "u8);
            Check.Ok(Seek(file.Descriptor, 0, SeekOrigin.Begin));
            WriteAll(file, "three "u8);
            Check.Ok(WriteAt(file.Descriptor, "four"u8, 1)); // Linux appends, see pwrite(2), BUGS
            Check.Bytes("one two three four"u8, ReadAll(file));
        }
        Check.Bytes("one two three four"u8, Read(path));
        Check.Bytes("one two three four"u8, d.OnServer("log"));
    }

    [PosixCase]
    public static void O_APPEND_of_two_descriptors_interleaves_without_loss(CaseDirectory d)
    {
        FilePath path = d.Write("log", []);
        using OpenFile first = CaseDirectory.Open(path, WriteOnly | Append);
        using OpenFile second = CaseDirectory.Open(path, WriteOnly | Append);
        var expected = new MemoryStream();
        for (int line = 0; line < 50; line++)
        {
            byte[] text = System.Text.Encoding.ASCII.GetBytes($"line {line}\n");
            WriteAll(line % 3 == 0 ? first : second, text);
            expected.Write(text);
        }
        Check.Bytes(expected.ToArray(), Read(path));
        Check.Ok(first.Close());
        Check.Ok(second.Close());
        Check.Bytes(expected.ToArray(), Read(path));
        Check.Bytes(expected.ToArray(), d.OnServer("log"));
    }

    [PosixCase]
    public static void O_APPEND_can_be_set_later(CaseDirectory d)
    {
        FilePath path = d.Write("log", "first ");
        using (OpenFile file = CaseDirectory.Open(path, WriteOnly))
        {
            Check.Ok(SetStatusFlags(file.Descriptor, WriteOnly | Append));
            WriteAll(file, "second"u8);
            Check.Ok(SetStatusFlags(file.Descriptor, WriteOnly));
            Check.Ok(WriteAt(file.Descriptor, "F"u8, 0));
        }
        Check.Bytes("First second"u8, Read(path));
    }

    [PosixCase]
    public static void O_SYNC_writes_are_on_the_server_when_they_return(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create | OpenFlags.Synchronous);
        WriteAll(file, "first "u8);
        Check.Bytes("first "u8, d.OnServer("file"));
        WriteAll(file, "second"u8);
        Check.Bytes("first second"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void O_DSYNC_writes_are_on_the_server_when_they_return(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create | DataSynchronous);
        WriteAll(file, "content"u8);
        Check.Bytes("content"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static unsafe void O_DIRECT_reads_and_writes_whole_blocks(CaseDirectory d)
    {
        byte[] content = Pattern(8 * 4096, 1);
        void* memory = System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)content.Length, 4096);
        try
        {
            var aligned = new Span<byte>(memory, content.Length);
            content.CopyTo(aligned);
            using (OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create | Direct))
                Check.Equal(content.Length, Check.Ok(SystemCall.Write(file.Descriptor, aligned)));
            aligned.Clear();
            using (OpenFile file = CaseDirectory.Open(d["file"], ReadOnly | Direct))
                Check.Equal(content.Length, Check.Ok(SystemCall.Read(file.Descriptor, aligned)));
            Check.Bytes(content, aligned);
        }
        finally
        {
            System.Runtime.InteropServices.NativeMemory.AlignedFree(memory);
        }
    }

    [PosixCase]
    public static void An_empty_path_fails_with_ENOENT(CaseDirectory d) => Check.Fails(Errno.ENOENT, OpenAt(CurrentDirectory, "", ReadOnly));

    [PosixCase]
    public static void Open_relative_to_a_directory_descriptor(CaseDirectory d)
    {
        using OpenFile directory = CaseDirectory.Open(d.MakeDirectory("directory"), ReadOnly | OpenFlags.Directory);
        using (var file = new OpenFile((int)Check.Ok(OpenAt(directory.Descriptor, "file", WriteOnly | Create))))
            WriteAll(file, "x"u8);
        Check.Bytes("x"u8, Read(d["directory/file"]));
        Check.Ok(Rename(d["directory"], d["renamed"]));
        using (var file = new OpenFile((int)Check.Ok(OpenAt(directory.Descriptor, "file", ReadOnly))))
            Check.Bytes("x"u8, ReadAll(file));
    }

    [PosixCase]
    public static void O_CREAT_in_a_directory_that_was_removed_fails_with_ENOENT(CaseDirectory d)
    {
        using OpenFile directory = CaseDirectory.Open(d.MakeDirectory("directory"), ReadOnly | OpenFlags.Directory);
        Check.Ok(RemoveEmptyDirectory(d["directory"]));
        Check.Fails(Errno.ENOENT, OpenAt(directory.Descriptor, "file", WriteOnly | Create));
    }

    [PosixCase]
    public static void Two_opens_have_two_positions(CaseDirectory d)
    {
        FilePath path = d.Write("file", "abcdef");
        using OpenFile first = CaseDirectory.Open(path, ReadOnly);
        using OpenFile second = CaseDirectory.Open(path, ReadOnly);
        byte[] buffer = new byte[3];
        Check.Equal(3, Check.Ok(SystemCall.Read(first.Descriptor, buffer)));
        Check.Equal(3, Check.Ok(SystemCall.Read(second.Descriptor, buffer)));
        Check.Bytes("abc"u8, buffer);
    }

    [PosixCase]
    public static void A_dup_shares_the_position_and_outlives_the_first_close(CaseDirectory d)
    {
        using OpenFile first = CaseDirectory.Open(d["file"], ReadWrite | Create);
        using var second = new OpenFile((int)Check.Ok(Dup(first.Descriptor)));
        WriteAll(first, "abc"u8);
        Check.Ok(first.Close());
        WriteAll(second, "def"u8);
        Check.Bytes("abcdef"u8, ReadAll(second));
        Check.Ok(second.Close());
        Check.Bytes("abcdef"u8, Read(d["file"]));
        Check.Bytes("abcdef"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void Close_of_a_closed_descriptor_fails_with_EBADF(CaseDirectory d)
    {
        int descriptor = (int)Check.Ok(SystemCall.Open(d.Write("file", "x"), ReadOnly));
        Check.Ok(Close(descriptor));
        Check.Fails(Errno.EBADF, Close(descriptor));
    }

    [PosixCase]
    public static void A_closed_file_is_on_the_server(CaseDirectory d)
    {
        byte[] content = Pattern(300_001, 2);
        d.Write("file", content);
        Check.Bytes(content, d.OnServer("file"));
        Check.Equal(1, d.NamesOnServer().Count);
    }

    [PosixCase]
    public static void An_fsynced_file_is_on_the_server_while_it_is_open(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create);
        WriteAll(file, "first "u8);
        Check.Ok(Synchronize(file.Descriptor));
        Check.Bytes("first "u8, d.OnServer("file"));
        WriteAll(file, "second"u8);
        Check.Ok(SynchronizeData(file.Descriptor));
        Check.Bytes("first second"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void Syncfs_puts_an_open_file_on_the_server(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create);
        WriteAll(file, "content"u8);
        Check.Ok(SynchronizeFileSystem(file.Descriptor));
        Check.Bytes("content"u8, d.OnServer("file"));
    }

    [PosixCase]
    public static void Fsync_of_a_directory_succeeds(CaseDirectory d)
    {
        d.Write("file", "x");
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        Check.Ok(Synchronize(directory.Descriptor));
    }
}
