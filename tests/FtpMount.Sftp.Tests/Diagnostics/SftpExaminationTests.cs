using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Diagnostics;
using FtpMount.Sftp.Tests.Servers;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.Diagnostics;

/// <summary>The profiles of real servers, as they were approved.</summary>
public sealed class SftpExaminationTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private const string OpenSsh =
        """
        Connection: Fact Carried by: the system's ssh (transport=ssh)
        Connection: Works Connect and log in: works
        Connection: Fact Key exchange
        Connection: Fact Host key
        Connection: Works Cipher
        Connection: Fact Protected against changes
        Connection: Fact Logged in by: publickey
        Connection: Fact Round trip: the shortest of 7
        Server: Fact Software
        Server: Fact SFTP version: 3
        Server: Fact Extensions
        Server: Fact Folder shown
        Server: Fact The login folder belongs to
        Server: Works Rename over a file in one step: works
        Server: Works Free space
        Server: Works Hard links: works
        Server: Works Times of links themselves: works
        Server: Works Bringing files to its disk: works
        Server: Works Copy on the server: works
        Server: Works The size of requests
        Server: Fact Checksums: not told: uploads are checked by their size, and SSH protects what is on the way
        Folders: Works List the folder: 0 entries
        Folders: Works Opening in advance: opening costs no round trip of its own
        Folders: Works Look up one name: told without listing the folder
        Folders: Works 100 requests at once: all answered
        Writing: Works Make a folder: works
        Writing: Works Store a file: works
        Writing: Works Append: works
        Writing: Works Resume a store: works
        Writing: Works Change the middle: works
        Writing: Works Cut off the end: works
        Writing: Works Bring it to the disk (fsync): works
        Writing: Works Copy on the server: works
        Writing: Works Store 4 MiB: works
        Names: Works Rename: works
        Names: Works Rename over a file: works
        Names: Works Rename without replacing: works
        Names: Works Rename a folder: works
        Names: Works Letters beyond ASCII: works
        Names: Works Spaces and signs: works
        Names: Works Control characters: works
        Names: Works 255 bytes: works
        Names: Works Large and small letters: are different
        Names: Works Remove a file: works
        Names: Works Remove a folder: works
        Attributes and links: Works Permissions: works
        Attributes and links: Works Times: works
        Attributes and links: Works Owner (the same again): works
        Attributes and links: Works Symbolic links: works
        Attributes and links: Works Links in listings: are told as links
        Attributes and links: Works Times of links themselves: works
        Attributes and links: Works Hard links: works
        Reading: Works From the beginning: works
        Reading: Works From the middle: works
        Reading: Works Free space
        Connections: Works 3 at once: works
        It can be mounted: everything that was tried works.
        """;

    private const string ProFtpd =
        """
        Connection: Fact Carried by: the system's ssh (transport=ssh)
        Connection: Works Connect and log in: works
        Connection: Fact Key exchange
        Connection: Fact Host key
        Connection: Works Cipher
        Connection: Fact Protected against changes
        Connection: Fact Logged in by: publickey
        Connection: Fact Round trip: the shortest of 7
        Server: Fact Software
        Server: Fact SFTP version: 3
        Server: Fact Extensions
        Server: Fact Folder shown
        Server: Fact The login folder belongs to
        Server: Works Rename over a file in one step: works
        Server: Works Free space
        Server: Works Hard links: works
        Server: Missing Times of links themselves: not offered | cp -a and tar cannot keep the times of links.
        Server: Works Bringing files to its disk: works
        Server: Missing Copy on the server: not offered | cp within the mount sends the content over the line twice.
        Server: Missing The size of requests | Requests carry 32 KiB, which costs some speed on a fast line.
        Server: Fact Checksums: not told: uploads are checked by their size, and SSH protects what is on the way
        Folders: Works List the folder: 0 entries
        Folders: Partly Opening in advance: the server's handles cannot be foretold | Opening a file or a folder costs a round trip of its own.
        Folders: Works Look up one name: told without listing the folder
        Folders: Works 100 requests at once: all answered
        Writing: Works Make a folder: works
        Writing: Works Store a file: works
        Writing: Works Append: works
        Writing: Works Resume a store: works
        Writing: Works Change the middle: works
        Writing: Works Cut off the end: works
        Writing: Works Bring it to the disk (fsync): works
        Writing: Works Store 4 MiB: works
        Names: Works Rename: works
        Names: Works Rename over a file: works
        Names: Works Rename without replacing: works
        Names: Works Rename a folder: works
        Names: Works Letters beyond ASCII: works
        Names: Works Spaces and signs: works
        Names: Works Control characters: works
        Names: Works 255 bytes: works
        Names: Works Large and small letters: are different
        Names: Works Remove a file: works
        Names: Works Remove a folder: works
        Attributes and links: Works Permissions: works
        Attributes and links: Works Times: works
        Attributes and links: Works Owner (the same again): works
        Attributes and links: Works Symbolic links: works
        Attributes and links: Works Links in listings: are told as links
        Attributes and links: Works Hard links: works
        Reading: Works From the beginning: works
        Reading: Works From the middle: works
        Reading: Works Free space
        Connections: Works 3 at once: works
        It can be mounted: 4 limitations, explained above.
        """;

    /// <summary>Results that differ from one machine or version to another.</summary>
    private static readonly string[] Varying =
        ["Software", "Key exchange", "Host key", "Cipher", "Protected against changes", "Extensions", "Folder shown", "The login folder belongs to", "The size of requests", "Free space"];

    public static TheoryData<SftpServerKind, string> Profiles => new() { { SftpServerKind.OpenSsh, OpenSsh }, { SftpServerKind.ProFtpd, ProFtpd } };

    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Profiles))]
    public async Task The_profile_is_the_one_that_was_approved(SftpServerKind kind, string approved)
    {
        var server = await servers.ServerAsync(kind);
        var folder = MakeFolder(server);
        var profile = await ExamineAsync(SftpTestSite.OptionsFor(server) with { Path = folder }, writes: true);
        TestContext.Current.TestOutputHelper?.WriteLine(Describe(profile));
        Assert.Equal(approved.ReplaceLineEndings("\n"), Describe(profile), ignoreLineEndingDifferences: true);
        Assert.True(profile.IsMountable);
        Assert.True(profile.TriedWriting);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(server.RootDirectory, folder)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Both_transports_tell_what_was_agreed_on(SftpServerKind kind)
    {
        var server = await servers.ServerAsync(kind);
        foreach (var transport in (SftpTransportKind[])[SftpTransportKind.Ssh, SftpTransportKind.Builtin])
        {
            var options = SftpTestSite.OptionsFor(server) with { Path = MakeFolder(server), Transport = transport };
            if (transport == SftpTransportKind.Builtin)
                options = options with { HostKey = SftpTestSite.HostKeyOf(server) };
            var profile = await ExamineAsync(options, writes: false);
            var connection = profile.Sections[0].Findings;
            Assert.Contains(kind == SftpServerKind.Dropbear ? "chacha20" : "gcm", connection.Single(finding => finding.Subject == "Cipher").Result, StringComparison.Ordinal); // dropbear has no GCM
            Assert.NotEqual("not told", connection.Single(finding => finding.Subject == "Key exchange").Result);
            Assert.NotEqual("not told", connection.Single(finding => finding.Subject == "Host key").Result);
            Assert.Contains(kind == SftpServerKind.OpenSsh ? "OpenSSH" : kind == SftpServerKind.ProFtpd ? "mod_sftp" : "dropbear", profile.Software!, StringComparison.Ordinal);
            Assert.False(profile.TriedWriting);
        }
    }

    [Fact]
    public async Task The_transcript_has_each_request_and_its_reply_and_no_secret()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var text = new StringWriter();
        await ExamineAsync(SftpTestSite.OptionsFor(server) with { Path = MakeFolder(server) }, writes: true, TextWriter.Synchronized(text));
        var lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var expected in (string[])["REALPATH .", "OPENDIR /", "WRITE 0", "posix-rename@openssh.com /", "statvfs@openssh.com /", "SYMLINK target /"])
            Assert.Contains(lines, line => line.Contains($"> ", StringComparison.Ordinal) && line.Contains(expected, StringComparison.Ordinal));
        foreach (var expected in (string[])["STATUS 0", "STATUS 1", "STATUS 2", "HANDLE 0", "ATTRS", "NAME 1 /", "DATA 4"])
            Assert.Contains(lines, line => line.Contains("< ", StringComparison.Ordinal) && line.Contains(expected, StringComparison.Ordinal));
        if (server.Password.Length > 0)
            Assert.DoesNotContain(server.Password, text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_may_only_be_read_is_told_as_one()
    {
        await using var server = await SshTestServer.StartAsync(new SshServerOptions { ReadOnly = true }, Token);
        var profile = await ExamineAsync(SftpTestSite.OptionsFor(server), writes: true);
        Assert.Contains("ro", profile.AdvisedOptions);
        Assert.True(profile.IsMountable);
    }

    private static string MakeFolder(SshTestServer server)
    {
        var folder = "d" + Guid.NewGuid().ToString("N")[..10];
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, folder));
        server.AdoptFiles(folder);
        return folder;
    }

    private static ValueTask<ServerProfile> ExamineAsync(SftpOptions options, bool writes, TextWriter? transcript = null) => SftpExamination.RunAsync(
        options,
        new ExaminationOptions { Writes = writes, Transcript = transcript, Warn = message => Assert.Fail(message) },
        TimeProvider.System,
        NullLogger.Instance,
        null,
        Token);

    private static string Describe(ServerProfile profile) => string.Join(
        '\n',
        profile.Sections.SelectMany(section => section.Findings.Select(finding =>
            $"{section.Title}: {finding.Level} {finding.Subject}{(Varying.Contains(finding.Subject) ? "" : ": " + finding.Result)}{(finding.Meaning is { } meaning ? " | " + meaning : "")}")).Append(profile.Verdict));
}
