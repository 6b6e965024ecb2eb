using System.Text.RegularExpressions;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>
/// Servers that take a path for something else than it is: what a command names must be reached, or nothing. Every test ends with a look at all that the server has.
/// </summary>
public sealed class MangledNameTests : IDisposable
{
    private static readonly string[] NamesWithSpaces = ["a b", "a ", "a b c"];
    private static readonly string[] NamesWithPatterns = ["[ab]", "*", "a*", "?", "{a,b}"];

    private readonly string _memory = Directory.CreateTempSubdirectory("ftpmount-names-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>How a server mangles: everywhere, also where it enters directories; everywhere else; only in the commands that change something.</summary>
    public static TheoryData<string, bool> Servers => new()
    {
        { "everywhere", true }, { "everywhere", false }, { "but not CWD", true }, { "but not CWD", false }, { "changes", true }, { "changes", false },
    };

    public void Dispose() => Directory.Delete(_memory, recursive: true);

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_a_command_names_is_reached_or_nothing(string where, bool spaces)
    {
        await using var server = Start(where, spaces);
        var log = new RecordingLogger();
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, log, Token);
        var names = spaces ? NamesWithSpaces : NamesWithPatterns;
        foreach (var name in names)
        {
            server["/dir/" + name] = "wrong one"u8.ToArray();
            Assert.Contains(name, (await ListAsync(ftp, "/dir")).Select(entry => entry.Name));
            Assert.Equal(9, (await ftp.StatAsync(Path("/dir/" + name), Lane.Interactive, Token)).Size);
            var before = server.Paths;
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.DeleteFileAsync(Path("/dir/" + name), Lane.Interactive, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.RenameAsync(Path("/dir/" + name), Path("/dir/plain"), true, Lane.Interactive, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.RenameAsync(Path("/dir/a"), Path("/dir/" + name), true, Lane.Interactive, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.CreateDirectoryAsync(Path("/dir/new" + name), Lane.Interactive, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.RemoveDirectoryAsync(Path("/dir/" + name), Lane.Interactive, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(async () => await ftp.StoreAsync(Path("/dir/" + name), new MemoryStream([1]), StoreMode.Whole, 0, null, Lane.Write, Token)));
            Assert.Equal(
                RemoteError.InvalidName, await ErrorOf(async () => await ftp.StoreNewAsync(Path("/dir/new" + name), new MemoryStream([1]), new RemoteAttributeChange(), null, Lane.Write, Token)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(async () => await (await ftp.OpenReadAsync(Path("/dir/" + name), 0, null, Lane.Read, Token)).DisposeAsync()));
            Assert.Equal(before, server.Paths);
        }

        Assert.Equal(("a", "b"), (Text(server, "/dir/a"), Text(server, "/dir/b")));
        Assert.Equal("a", await ReadAsync(ftp, "/dir/a"));
        Assert.Single(log.Lines, message => message.Contains("EINVAL", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_lies_in_a_folder_with_such_a_name_is_used_where_it_can_be_entered_and_otherwise_refused(string where, bool spaces)
    {
        await using var server = Start(where, spaces);
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token);
        var (folder, twin) = spaces ? ("/dir/sub folder", "/dir/sub") : ("/dir/[st]ub", "/dir/sub");
        server[folder] = server[twin] = server[twin + "/in"] = null;
        server[folder + "/f"] = "right"u8.ToArray();
        server[twin + "/f"] = "wrong"u8.ToArray();
        var before = server.Paths;
        // So that it is known how the server takes names, as after the first refusal.
        Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.RemoveDirectoryAsync(Path(folder), Lane.Interactive, Token)));
        if (where == "everywhere")
        {
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(async () => await ListAsync(ftp, folder)));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(async () => await ReadAsync(ftp, folder + "/f")));
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.DeleteFileAsync(Path(folder + "/f"), Lane.Interactive, Token)));
            Assert.Equal(before, server.Paths);
            return;
        }

        Assert.Equal(["f"], (await ListAsync(ftp, folder)).Select(entry => entry.Name));
        Assert.Equal((RemoteKind.File, 5L), (await ftp.StatAsync(Path(folder + "/f"), Lane.Interactive, Token)) is var stat ? (stat.Kind, stat.Size!.Value) : default);
        Assert.Equal(RemoteKind.Directory, (await ftp.StatAsync(Path(folder), Lane.Interactive, Token)).Kind);
        Assert.Equal("right", await ReadAsync(ftp, folder + "/f"));
        await ftp.StoreAsync(Path(folder + "/g"), new MemoryStream("new"u8.ToArray()), StoreMode.Whole, 0, null, Lane.Write, Token);
        await ftp.RenameAsync(Path(folder + "/g"), Path(folder + "/f"), true, Lane.Interactive, Token);
        await ftp.RenameAsync(Path(folder + "/f"), Path("/dir/moved"), true, Lane.Interactive, Token);
        await ftp.CreateDirectoryAsync(Path(folder + "/made"), Lane.Interactive, Token);
        await ftp.RemoveDirectoryAsync(Path(folder + "/made"), Lane.Interactive, Token);
        Assert.Equal(("new", "wrong"), (Text(server, "/dir/moved"), Text(server, twin + "/f")));
        await ftp.RenameAsync(Path("/dir/moved"), Path(folder + "/f"), true, Lane.Interactive, Token);
        Assert.Equal(before, server.Paths);
        Assert.Equal(("new", "wrong"), (Text(server, folder + "/f"), Text(server, twin + "/f")));
        await ftp.DeleteFileAsync(Path(folder + "/f"), Lane.Interactive, Token);
        Assert.Equal(RemoteError.NotFound, await ErrorOf(() => ftp.DeleteFileAsync(Path(folder + "/f"), Lane.Interactive, Token)));
        Assert.Equal([folder + "/f"], before.Except(server.Paths));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_found_out_once_and_known_to_the_next_mount(bool spaces)
    {
        await using var server = Start("everywhere", spaces);
        var name = spaces ? "/dir/a b" : "/dir/[ab]";
        for (var mount = 0; mount < 2; mount++)
        {
            await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { MemoryDirectory = _memory }, TimeProvider.System, NullLogger.Instance, Token);
            var before = server.Commands.Count;
            Assert.Equal(RemoteError.InvalidName, await ErrorOf(() => ftp.DeleteFileAsync(Path(name), Lane.Interactive, Token)));
            var tried = server.Commands.Skip(before).Count(command => command.StartsWith("MKD", StringComparison.Ordinal));
            Assert.Equal(mount == 0, tried > 0);
        }
    }

    [Fact]
    public async Task A_server_that_announces_TVFS_is_believed_of_spaces_and_tried_once_on_patterns()
    {
        await using var server = new DialectServer(FtpDialect.OldUnix with { Features = "211-Features:\r\n SIZE\r\n MDTM\r\n TVFS\r\n211 End\r\n" });
        server["/dir"] = null;
        server["/dir/a b"] = server["/dir/[ab]"] = server["/dir/a"] = "1"u8.ToArray();
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token);
        await ftp.DeleteFileAsync(Path("/dir/a b"), Lane.Interactive, Token);
        Assert.Equal("DELE /dir/a b", server.Commands[^1]);
        Assert.DoesNotContain(server.Commands, command => command.StartsWith("CWD /dir", StringComparison.Ordinal));
        await ftp.DeleteFileAsync(Path("/dir/[ab]"), Lane.Interactive, Token);
        Assert.Contains("CWD /di[r]", server.Commands);
        Assert.DoesNotContain(server.Commands, command => command.StartsWith("MKD", StringComparison.Ordinal));
        Assert.Equal(["/", "/dir", "/dir/a"], server.Paths);
    }

    [Fact]
    public async Task A_server_that_takes_names_as_they_are_and_does_not_say_so_is_tried_once_and_nothing_is_left()
    {
        await using var server = new DialectServer(FtpDialect.OldUnix);
        server["/dir"] = null;
        server["/dir/a b"] = server["/dir/[ab]"] = server["/dir/a"] = "1"u8.ToArray();
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token);
        await ftp.DeleteFileAsync(Path("/dir/a b"), Lane.Interactive, Token);
        var before = server.Commands.Count;
        await ftp.DeleteFileAsync(Path("/dir/[ab]"), Lane.Interactive, Token);
        Assert.Equal(["DELE /dir/[ab]"], server.Commands.Skip(before));
        Assert.Equal(["/", "/dir", "/dir/a"], server.Paths);
    }

    private static DialectServer Start(string where, bool spaces)
    {
        var server = new DialectServer(FtpDialect.OldUnix with
        {
            Takes = (verb, argument, directory, all) => !Mangles(where, verb) ? argument : spaces ? argument.Split(' ')[0] : Expand(argument, directory, all),
        });
        server["/dir"] = null;
        server["/dir/a"] = "a"u8.ToArray();
        server["/dir/b"] = "b"u8.ToArray();
        return server;
    }

    private static bool Mangles(string where, string verb) => where switch
    {
        "everywhere" => true,
        "but not CWD" => verb != "CWD",
        _ => verb is "DELE" or "RMD" or "RNFR" or "RNTO" or "STOR" or "MKD",
    };

    /// <summary>The first that a pattern fits, as glob(3) sorts them; the pattern itself when there is none.</summary>
    private static string Expand(string argument, string directory, IEnumerable<string> all)
    {
        if (argument.AsSpan().IndexOfAny("*?[{") < 0)
            return argument;
        var pattern = Regex.Escape(argument).Replace("\\*", "[^/]*", StringComparison.Ordinal).Replace("\\?", "[^/]", StringComparison.Ordinal)
            .Replace("\\[", "[", StringComparison.Ordinal).Replace("\\{", "(", StringComparison.Ordinal).Replace("}", ")", StringComparison.Ordinal).Replace(",", "|", StringComparison.Ordinal);
        var whole = new Regex("^" + (argument[0] == '/' ? "" : Regex.Escape(directory.TrimEnd('/') + "/")) + pattern + "$");
        return all.Order(StringComparer.Ordinal).FirstOrDefault(one => whole.IsMatch(one)) ?? argument;
    }

    private static RemotePath Path(string path) => RemotePath.Parse(path);

    private static string Text(DialectServer server, string path) => System.Text.Encoding.ASCII.GetString(server[path]!);

    private static async Task<List<RemoteEntry>> ListAsync(FtpFileSystem ftp, string directory)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(Path(directory), Lane.Interactive, Token))
            entries.Add(entry);
        return entries;
    }

    private static async Task<string> ReadAsync(FtpFileSystem ftp, string path)
    {
        await using var reader = await ftp.OpenReadAsync(Path(path), 0, null, Lane.Read, Token);
        var buffer = new byte[100];
        var length = 0;
        while (await reader.ReadAsync(buffer.AsMemory(length), Token) is > 0 and var count)
            length += count;
        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static async Task<RemoteError> ErrorOf(Func<ValueTask> operation) => (await Assert.ThrowsAsync<RemoteException>(() => operation().AsTask())).Error;
}
