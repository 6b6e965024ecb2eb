using System.Globalization;
using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.OpenFlags;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>mkdir(2), rmdir(2), getdents(2) and how it behaves while the directory changes.</summary>
public static class DirectoryCases
{
    private const int SmallBuffer = 512;

    [PosixCase]
    public static void Mkdir_makes_an_empty_directory(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        Check.That(Status(directory).IsDirectory, "not a directory");
        Check.Equal(0, List(directory).Count);
        Check.Equal("directory", string.Join(' ', d.NamesOnServer()));
    }

    [PosixCase]
    public static void Mkdir_gives_the_requested_mode(CaseDirectory d)
    {
        ChangeUmask(Octal(22));
        Check.Equal(Octal(700), Status(d.MakeDirectory("private", Octal(700))).Permissions);
        Check.Equal(Octal(755), Status(d.MakeDirectory("shared", Octal(777))).Permissions);
    }

    [PosixCase]
    public static void Mkdir_of_a_name_that_exists_fails_with_EEXIST(CaseDirectory d)
    {
        Check.Fails(Errno.EEXIST, SystemCall.MakeDirectory(d.MakeDirectory("directory")));
        Check.Fails(Errno.EEXIST, SystemCall.MakeDirectory(d.Write("file", "x")));
    }

    [PosixCase]
    public static void Mkdir_below_what_is_missing_or_a_file_fails(CaseDirectory d)
    {
        Check.Fails(Errno.ENOENT, SystemCall.MakeDirectory(d["missing/new"]));
        d.Write("file", "x");
        Check.Fails(Errno.ENOTDIR, SystemCall.MakeDirectory(d["file/new"]));
    }

    [PosixCase]
    public static void Directories_nest_deeply(CaseDirectory d)
    {
        FilePath path = d.Path;
        for (int level = 0; level < 25; level++)
        {
            path /= $"level {level}";
            Check.Ok(SystemCall.MakeDirectory(path));
        }
        FilePath file = path / "file";
        CaseDirectory.Open(file, WriteOnly | Create).Dispose();
        Check.Ok(Status(file, out _));
    }

    [PosixCase]
    public static void Rmdir_removes_an_empty_directory(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        Check.Ok(RemoveEmptyDirectory(directory));
        Check.Fails(Errno.ENOENT, Status(directory, out _));
        Check.Equal(0, d.NamesOnServer().Count);
        d.Write("directory", "now a file");
        Check.Bytes("now a file"u8, Read(directory));
    }

    [PosixCase]
    public static void Rmdir_of_a_directory_that_is_not_empty_fails_with_ENOTEMPTY(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        d.Write("directory/file", "x");
        Check.Fails(Errno.ENOTEMPTY, RemoveEmptyDirectory(directory));
        Check.Bytes("x"u8, Read(d["directory/file"]));
        Check.Ok(Unlink(d["directory/file"]));
        d.MakeDirectory("directory/inner");
        Check.Fails(Errno.ENOTEMPTY, RemoveEmptyDirectory(directory));
        Check.Ok(RemoveEmptyDirectory(d["directory/inner"]));
        Check.Ok(RemoveEmptyDirectory(directory));
    }

    [PosixCase]
    public static void Rmdir_of_a_directory_that_holds_only_a_hidden_file_fails_with_ENOTEMPTY(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        d.Write("directory/.hidden", "x");
        Check.Fails(Errno.ENOTEMPTY, RemoveEmptyDirectory(directory));
    }

    [PosixCase]
    public static void Rmdir_of_what_is_no_directory_fails(CaseDirectory d)
    {
        Check.Fails(Errno.ENOTDIR, RemoveEmptyDirectory(d.Write("file", "x")));
        Check.Fails(Errno.ENOENT, RemoveEmptyDirectory(d["missing"]));
        d.MakeDirectory("directory");
        Check.Fails(Errno.EINVAL, RemoveEmptyDirectory(d["directory/."]));
        d.MakeDirectory("directory/inner");
        Check.Fails(Errno.ENOTEMPTY, RemoveEmptyDirectory(d["directory/inner/.."]));
    }

    [PosixCase]
    public static void A_listing_has_the_dots_and_the_kinds(CaseDirectory d)
    {
        d.Write("file", "x");
        d.MakeDirectory("directory");
        List<DirectoryEntry> entries = Entries(d.Path);
        Check.Equal(4, entries.Count);
        Check.Equal(2, entries.Count(entry => entry.IsDot));
        Check.That(entries.Single(entry => entry.Name.ToString() == "file").Type is 8 or 0, "the file is not DT_REG");
        Check.That(entries.Single(entry => entry.Name.ToString() == "directory").Type is 4 or 0, "the directory is not DT_DIR");
    }

    [PosixCase]
    public static void The_inode_number_of_a_listing_is_that_of_stat(CaseDirectory d)
    {
        d.Write("file", "x");
        d.MakeDirectory("directory");
        foreach (DirectoryEntry entry in Entries(d.Path).Where(entry => !entry.IsDot))
            Check.Equal(Status(d.Path / entry.Name).Inode, entry.Inode);
    }

    [PosixCase]
    public static void A_long_listing_is_complete_with_small_buffers(CaseDirectory d)
    {
        HashSet<string> made = Fill(d, 150);
        List<string> seen = [.. Entries(d.Path, SmallBuffer).Where(entry => !entry.IsDot).Select(entry => entry.Name.ToString())];
        Check.Equal(made.Count, seen.Count);
        Check.That(made.SetEquals(seen), "other names");
    }

    [PosixCase]
    public static void An_entry_that_stays_is_listed_exactly_once_while_others_come_and_go(CaseDirectory d)
    {
        HashSet<string> stay = Fill(d, 60);
        foreach (int number in Enumerable.Range(0, 20))
            d.Write($"goes {number}", []);
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        var seen = new List<DirectoryEntry>();
        int step = 0;
        while (Check.Ok(SystemCall.ReadDirectory(directory.Descriptor, SmallBuffer, seen)) > 0)
        {
            if (step < 20)
            {
                Check.Ok(Unlink(d[$"goes {step}"]));
                d.Write($"comes {step}", []);
            }
            step++;
        }
        Check.That(step > 3, "the listing came at once");
        List<string> names = [.. seen.Select(entry => entry.Name.ToString())];
        Check.Equal(names.Count, names.Distinct().Count());
        Check.That(stay.IsSubsetOf(names), "an entry that stayed is missing");
    }

    [PosixCase]
    public static void Deleting_while_listing_empties_a_directory(CaseDirectory d)
    {
        Fill(d, 80);
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        var batch = new List<DirectoryEntry>();
        while (Check.Ok(SystemCall.ReadDirectory(directory.Descriptor, SmallBuffer, batch)) > 0)
        {
            foreach (DirectoryEntry entry in batch.Where(entry => !entry.IsDot))
                Check.Ok(Unlink(d.Path / entry.Name));
            batch.Clear();
        }
        Check.Equal(0, List(d.Path).Count);
        Check.Equal(0, d.NamesOnServer().Count);
    }

    [PosixCase]
    public static void Rewinding_a_listing_shows_what_is_new(CaseDirectory d)
    {
        d.Write("first", "x");
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        Check.Equal(3, RestOf(directory).Count);
        d.Write("second", "x");
        Check.Ok(Unlink(d["first"]));
        Check.Ok(Seek(directory.Descriptor, 0, SeekOrigin.Begin));
        Check.Equal("second", string.Join(' ', RestOf(directory).Where(entry => !entry.IsDot).Select(entry => entry.Name)));
    }

    [PosixCase]
    public static void A_listing_goes_on_from_any_of_its_positions(CaseDirectory d)
    {
        Fill(d, 40);
        using OpenFile directory = CaseDirectory.Open(d.Path, ReadOnly | OpenFlags.Directory);
        List<string> all = [.. RestOf(directory, SmallBuffer).Select(entry => entry.Name.ToString())];
        Check.Ok(Seek(directory.Descriptor, 0, SeekOrigin.Begin));
        List<DirectoryEntry> entries = RestOf(directory, SmallBuffer);
        foreach (int index in (int[])[3, 17, 35])
        {
            Check.Ok(Seek(directory.Descriptor, entries[index].Next, SeekOrigin.Begin));
            string rest = string.Join('|', RestOf(directory, SmallBuffer).Select(entry => entry.Name));
            Check.Equal(string.Join('|', all.Skip(index + 1)), rest);
        }
    }

    [PosixCase]
    public static void A_removed_directory_that_is_open_lists_nothing(CaseDirectory d)
    {
        FilePath path = d.MakeDirectory("directory");
        using OpenFile directory = CaseDirectory.Open(path, ReadOnly | OpenFlags.Directory);
        Check.Ok(RemoveEmptyDirectory(path));
        var entries = new List<DirectoryEntry>();
        Outcome outcome = SystemCall.ReadDirectory(directory.Descriptor, SmallBuffer, entries);
        Check.That(outcome.Error is Errno.None or Errno.ENOENT, outcome.ToString());
        Check.Equal(0, entries.Count(entry => !entry.IsDot));
    }

    [PosixCase]
    public static void A_change_is_in_the_next_listing(CaseDirectory d)
    {
        Check.Equal("", string.Join(' ', List(d.Path)));
        d.Write("a", "x");
        Check.Equal("a", string.Join(' ', List(d.Path)));
        d.MakeDirectory("b");
        Check.Equal("a b", string.Join(' ', List(d.Path)));
        Check.Ok(Rename(d["a"], d["c"]));
        Check.Equal("b c", string.Join(' ', List(d.Path)));
        Check.Ok(RemoveEmptyDirectory(d["b"]));
        Check.Equal("c", string.Join(' ', List(d.Path)));
    }

    [PosixCase]
    public static void A_file_that_is_being_written_is_listed_with_its_size(CaseDirectory d)
    {
        using OpenFile file = CaseDirectory.Open(d["file"], WriteOnly | Create);
        WriteAll(file, new byte[12_345]);
        Check.Equal("file", string.Join(' ', List(d.Path)));
        Check.Equal(12_345, Status(d["file"]).Size);
    }

    [PosixCase]
    public static void Making_a_name_moves_the_directorys_modification_time(CaseDirectory d)
    {
        FilePath directory = d.MakeDirectory("directory");
        FileTime before = Status(directory).Modified;
        Thread.Sleep(1100); // servers keep whole seconds
        d.Write("directory/file", "x");
        FileTime after = Status(directory).Modified;
        Check.That((after.Seconds, after.Nanoseconds).CompareTo((before.Seconds, before.Nanoseconds)) > 0, "unchanged");
    }

    [PosixCase]
    public static void A_directory_counts_its_subdirectories_or_says_one_link(CaseDirectory d)
    {
        d.MakeDirectory("first");
        d.MakeDirectory("second");
        uint links = Status(d.Path).LinkCount;
        Check.That(links is 1 or 4, links.ToString(CultureInfo.InvariantCulture)); // find(1) believes a count from 2 on
    }

    private static HashSet<string> Fill(CaseDirectory d, int count)
    {
        var names = new HashSet<string>();
        for (int number = 0; number < count; number++)
        {
            string name = $"stays {number.ToString("D4", CultureInfo.InvariantCulture)}";
            d.Write(name, []);
            names.Add(name);
        }
        return names;
    }
}
