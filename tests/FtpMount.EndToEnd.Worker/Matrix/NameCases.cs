using System.Text;
using FtpMount.EndToEnd.Worker.Posix;
using static FtpMount.EndToEnd.Worker.Matrix.CaseDirectory;
using static FtpMount.EndToEnd.Worker.Posix.SystemCall;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>
/// Names: each goes through a whole life as a file and as a directory, in listings and on the server's disk, byte for byte. FTP
/// carries a name as the rest of a line, and servers treat some of what is in it as patterns, quotes or options.
/// </summary>
public static class NameCases
{
    [PosixCase]
    public static void Name_with_spaces_inside(CaseDirectory d) => Live(d, "a name  with spaces");

    [PosixCase]
    public static void Name_with_a_leading_space(CaseDirectory d) => Live(d, " leading");

    [PosixCase]
    public static void Name_with_a_trailing_space(CaseDirectory d) => Live(d, "trailing ");

    [PosixCase]
    public static void Name_that_is_a_space(CaseDirectory d) => Live(d, " ");

    [PosixCase]
    public static void Name_with_a_tab(CaseDirectory d) => Live(d, "a\ttab");

    [PosixCase]
    public static void Name_with_single_quotes(CaseDirectory d) => Live(d, "it's 'quoted'");

    [PosixCase]
    public static void Name_with_double_quotes(CaseDirectory d) => Live(d, "\"quoted\" and \"\"doubled");

    [PosixCase]
    public static void Name_with_hash_and_percent(CaseDirectory d) => Live(d, "#1 100% %20 %2F %41");

    [PosixCase]
    public static void Name_with_shell_characters(CaseDirectory d) => Live(d, "$HOME;`id`&|<>(){}!^");

    [PosixCase]
    public static void Name_with_brackets_and_patterns(CaseDirectory d) => Live(d, "[a-z]*?{b,c}");

    [PosixCase]
    public static void Name_with_a_backslash(CaseDirectory d) => Live(d, "back\\slash\\");

    [PosixCase]
    public static void Name_with_a_colon(CaseDirectory d) => Live(d, "10:30:00 C:");

    [PosixCase]
    public static void Name_that_looks_like_an_option(CaseDirectory d) => Live(d, "-l");

    [PosixCase]
    public static void Name_that_looks_like_options_and_a_path(CaseDirectory d) => Live(d, "-aR .");

    [PosixCase]
    public static void Name_that_is_a_tilde(CaseDirectory d) => Live(d, "~");

    [PosixCase]
    public static void Name_that_begins_with_a_tilde(CaseDirectory d) => Live(d, "~root");

    [PosixCase]
    public static void Name_that_begins_with_a_dot(CaseDirectory d) => Live(d, ".hidden");

    [PosixCase]
    public static void Name_that_begins_with_two_dots(CaseDirectory d) => Live(d, "..name");

    [PosixCase]
    public static void Name_of_three_dots(CaseDirectory d) => Live(d, "...");

    [PosixCase]
    public static void Name_that_looks_like_a_link_in_a_listing(CaseDirectory d) => Live(d, "name -> target");

    [PosixCase]
    public static void Name_that_looks_like_a_line_of_a_listing(CaseDirectory d) => Live(d, "-rw-r--r--   1 ftp ftp 12 Jan 01 12:00 name");

    [PosixCase]
    public static void Name_that_looks_like_facts(CaseDirectory d) => Live(d, "type=file;size=1; name");

    [PosixCase]
    public static void Name_of_letters_with_accents(CaseDirectory d) => Live(d, "Größe façade ñandú");

    [PosixCase]
    public static void Names_composed_and_decomposed_are_two(CaseDirectory d)
    {
        d.Write("\u00E9", "composed");
        d.Write("e\u0301", "decomposed");
        Check.Equal(2, List(d.Path).Count);
        Check.Bytes("composed"u8, Read(d["\u00E9"]));
        Check.Bytes("decomposed"u8, Read(d["e\u0301"]));
    }

    [PosixCase]
    public static void Name_of_emoji(CaseDirectory d) => Live(d, "📷 👩‍👩‍👧‍👦 🇪🇺");

    [PosixCase]
    public static void Name_in_other_scripts(CaseDirectory d) => Live(d, "日本語 العربية עברית ไทย");

    [PosixCase]
    public static void Name_of_255_bytes(CaseDirectory d) => Live(d, new string('n', 255));

    [PosixCase]
    public static void Name_of_255_bytes_of_UTF8(CaseDirectory d) => Live(d, new string('ü', 127) + "x");

    [PosixCase]
    public static void Name_of_256_bytes_fails_with_ENAMETOOLONG(CaseDirectory d)
    {
        FilePath path = d[new string('n', 256)];
        Check.Fails(Errno.ENAMETOOLONG, SystemCall.Open(path, OpenFlags.WriteOnly | OpenFlags.Create));
        Check.Fails(Errno.ENAMETOOLONG, SystemCall.MakeDirectory(path));
        Check.Fails(Errno.ENAMETOOLONG, Status(path, out _));
    }

    [PosixCase]
    public static void Path_of_more_than_4096_bytes_fails_with_ENAMETOOLONG(CaseDirectory d) =>
        Check.Fails(Errno.ENAMETOOLONG, Status(d[string.Concat(Enumerable.Repeat("0123456789/", 400))], out _));

    [PosixCase]
    public static void Name_in_Latin1(CaseDirectory d) => Live(d, FilePath.FromBytes([0x47, 0x72, 0xF6, 0xDF, 0x65]));

    [PosixCase]
    public static void Name_that_is_a_cut_off_character(CaseDirectory d) => Live(d, FilePath.FromBytes([0x61, 0xE2, 0x82]));

    [PosixCase]
    public static void Name_with_the_byte_255(CaseDirectory d) => Live(d, FilePath.FromBytes([0x61, 0xFF, 0x62])); // IAC of Telnet (RFC 854)

    [PosixCase]
    public static void Name_with_the_bytes_255_and_244(CaseDirectory d) => Live(d, FilePath.FromBytes([0x61, 0xFF, 0xF4, 0x62])); // IAC IP

    [PosixCase]
    public static void Name_with_a_control_character(CaseDirectory d) => Live(d, FilePath.FromBytes([0x61, 0x01, 0x7F, 0x1B, 0x62]));

    [PosixCase]
    public static void Name_with_a_line_feed(CaseDirectory d) => Live(d, "line\nfeed");

    [PosixCase]
    public static void Name_with_a_carriage_return(CaseDirectory d) => Live(d, "carriage\rreturn");

    [PosixCase]
    public static void Name_that_ends_in_a_dot(CaseDirectory d) => Live(d, "ends.");

    [PosixCase]
    public static void Name_of_a_device_of_another_system(CaseDirectory d) => Live(d, "CON.txt");

    [PosixCase]
    public static void Names_that_differ_in_case_only_are_two(CaseDirectory d)
    {
        d.Write("name", "lower");
        d.Write("NAME", "upper");
        Check.Bytes("lower"u8, Read(d["name"]));
        Check.Bytes("upper"u8, Read(d["NAME"]));
        Check.Equal(2, List(d.Path).Count);
    }

    private static void Live(CaseDirectory d, FilePath name)
    {
        byte[] content = Encoding.UTF8.GetBytes($"content of {name}");
        FilePath path = d.Write(name, content);
        Check.Bytes(content, Read(path));
        Check.Equal(content.Length, Status(path).Size);
        OnlyEntry(d.Path, name, "in the listing");
        OnlyEntry(d.ServerPath, name, "on the server");
        Check.Bytes(content, d.OnServer(name));

        Check.Ok(Rename(path, d["plain"]));
        Check.Fails(Errno.ENOENT, Status(path, out _));
        Check.Ok(Rename(d["plain"], path));
        OnlyEntry(d.ServerPath, name, "on the server after renaming there and back");
        d.Write(name, "replaced");
        Check.Bytes("replaced"u8, d.OnServer(name));
        Check.Ok(Unlink(path));
        Check.Equal(0, d.NamesOnServer().Count);

        d.MakeDirectory(name);
        OnlyEntry(d.ServerPath, name, "on the server as a directory");
        d.Write(name / "inner", content);
        Check.Bytes(content, Read(path / "inner"));
        OnlyEntry(path, "inner", "in its listing");
        Check.Bytes(content, d.OnServer(name / "inner"));
        Check.Ok(Unlink(path / "inner"));
        Check.Ok(RemoveEmptyDirectory(path));
        Check.Equal(0, List(d.Path).Count);
        Check.Equal(0, d.NamesOnServer().Count);
    }

    private static void OnlyEntry(FilePath directory, FilePath name, string where)
    {
        List<DirectoryEntry> entries = [.. Entries(directory).Where(entry => !entry.IsDot)];
        bool same = entries.Count == 1 && entries[0].Name.Bytes.SequenceEqual(name.Bytes);
        if (!same)
        {
            string seen = string.Join(", ", entries.Select(entry => $"'{entry.Name}' ({Convert.ToHexString(entry.Name.Bytes)})"));
            throw new CaseFailedException("other name", $"{where}: only '{name}' ({Convert.ToHexString(name.Bytes)}) expected, got {seen}");
        }
    }
}
