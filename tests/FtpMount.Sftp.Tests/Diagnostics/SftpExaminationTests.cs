using FtpMount.Remote.Diagnostics;
using FtpMount.Sftp.Diagnostics;
using FtpMount.Sftp.Tests.Servers;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.Diagnostics;

/// <summary>The profiles of real servers, as they were approved.</summary>
public sealed class SftpExaminationTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private const string OpenSsh = "";

    private const string ProFtpd = "";

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
            Assert.Contains("gcm", connection.Single(finding => finding.Subject == "Cipher").Result, StringComparison.Ordinal);
            Assert.NotEqual("not told", connection.Single(finding => finding.Subject == "Key exchange").Result);
            Assert.NotEqual("not told", connection.Single(finding => finding.Subject == "Host key").Result);
            Assert.Contains(kind == SftpServerKind.OpenSsh ? "OpenSSH" : "mod_sftp", profile.Software!, StringComparison.Ordinal);
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
