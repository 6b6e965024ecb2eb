namespace FtpMount.Cli.Posix;

/// <summary>
/// How this process was started, byte for byte, which .NET's <c>args</c> do not tell: the name it was called by, and arguments that are not UTF-8.
/// </summary>
internal static class OwnCommandLine
{
    /// <summary>The file name of argv[0]: <c>ftpmount</c>, or <c>mount.ftpmount</c> when mount(8) starts it.</summary>
    internal static string Name
    {
        get
        {
            var words = ReadWords();
            return words.Count == 0 ? "ftpmount" : Path.GetFileName(System.Text.Encoding.UTF8.GetString(words[0]));
        }
    }

    /// <summary>The program to start for another process of the same kind, and the arguments that come before its own (the assembly, under the dotnet host).</summary>
    internal static (string Path, string[] LeadingArguments) Self
    {
        get
        {
            var path = Environment.ProcessPath;
            // Replaced by an upgrade while running: the kernel still knows the file.
            if (path is null || !File.Exists(path))
                path = "/proc/self/exe";
            return Path.GetFileName(path) == "dotnet"
                ? (path, [Path.Combine(AppContext.BaseDirectory, "ftpmount.dll")])
                : (path, []);
        }
    }

    /// <summary>The last <paramref name="count"/> words of the command line.</summary>
    internal static IReadOnlyList<byte[]> ReadArguments(int count)
    {
        var words = ReadWords();
        return [.. words.Skip(Math.Max(0, words.Count - count))];
    }

    private static List<byte[]> ReadWords()
    {
        var words = new List<byte[]>();
        var bytes = File.ReadAllBytes("/proc/self/cmdline").AsSpan();
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)0);
            if (end < 0)
                end = bytes.Length;
            words.Add(bytes[..end].ToArray());
            bytes = bytes[Math.Min(end + 1, bytes.Length)..];
        }

        return words;
    }
}
