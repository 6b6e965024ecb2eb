using System.Text.Json;
using System.Text.RegularExpressions;
using FtpMount.TestServers;

namespace FtpMount.Cli.Tests;

/// <summary>
/// What doctor prints for each real server, beside the approved text. A text that differs is written beside it (<c>.received.txt</c>); when the change is wanted, that file takes its place.
/// </summary>
public sealed partial class DoctorTests
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    private static string ApprovedFolder => Path.Combine(Workspace.RepositoryRoot, "tests", "FtpMount.Cli.Tests", "Profiles");

    private static async Task<FtpTestServer> StartAsync(FtpServerKind kind, FtpServerOptions? options = null)
    {
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out var reason), reason);
        var server = await FtpTestServer.StartAsync(kind, options, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "hello.txt"), "hello, world\n", TestContext.Current.CancellationToken);
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, "folder"));
        server.AdoptFiles();
        return server;
    }

    private static string UrlOf(FtpTestServer server) => $"ftp://{server.User}@{server.Host}:{server.Port}/";

    /// <summary>What differs from run to run and from machine to machine.</summary>
    private static string Mask(string text, FtpTestServer server)
    {
        text = text.Replace($"{server.Host}:{server.Port}", "HOST:PORT", StringComparison.Ordinal)
            .Replace($"port {server.Port}", "port PORT", StringComparison.Ordinal)
            .Replace(server.Host, "HOST", StringComparison.Ordinal)
            .Replace(server.RootDirectory, "FOLDER", StringComparison.Ordinal)
            .Replace(server.User, "USER", StringComparison.Ordinal);
        text = MachineName().Replace(text, "MACHINE");
        text = Kernel().Replace(text, "Linux #");
        text = Milliseconds().Replace(text, "(# ms)");
        text = Space().Replace(text, "# GiB");
        return Versions().Replace(text, "#.#");
    }

    private static async Task ApproveAsync(string name, string text)
    {
        var approved = Path.Combine(ApprovedFolder, name + ".approved.txt");
        var received = Path.Combine(ApprovedFolder, name + ".received.txt");
        var expected = File.Exists(approved) ? await File.ReadAllTextAsync(approved) : "";
        if (expected == text)
        {
            File.Delete(received);
            return;
        }

        Directory.CreateDirectory(ApprovedFolder);
        await File.WriteAllTextAsync(received, text);
        Assert.Equal(expected, text);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_profile_of_a_server_is_the_approved_one(FtpServerKind kind)
    {
        Assert.SkipUnless(Workspace.IsRoot, "As an ordinary user the servers are configured otherwise");
        await using var server = await StartAsync(kind);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var before = Directory.GetFileSystemEntries(server.RootDirectory);
        var result = (await workspace.RunAsync("doctor", "--write", UrlOf(server))).MustSucceed();
        Assert.Equal("", result.Errors);
        Assert.Equal(before, Directory.GetFileSystemEntries(server.RootDirectory));
        await ApproveAsync(kind.ToString(), Mask(result.Output, server));
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    public async Task The_profile_of_a_server_with_TLS_is_the_approved_one(FtpServerKind kind)
    {
        Assert.SkipUnless(Workspace.IsRoot, "As an ordinary user the servers are configured otherwise");
        await using var server = await StartAsync(kind, new FtpServerOptions { Tls = true });
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var url = UrlOf(server).Replace("ftp://", "ftpes://", StringComparison.Ordinal);
        var result = (await workspace.RunAsync("doctor", "-o", $"tls-ca={server.CertificatePath}", url)).MustSucceed();
        Assert.Equal("", result.Errors);
        await ApproveAsync(kind + "Tls", Mask(result.Output, server));
    }

    [Fact]
    public async Task Without_write_nothing_on_the_server_is_changed()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var proxy = FaultProxy.Start(server);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var result = (await workspace.RunAsync("doctor", $"ftp://{server.User}@{proxy.Host}:{proxy.Port}/")).MustSucceed();
        Assert.Contains("--write tries it", result.Output, StringComparison.Ordinal);
        string[] changing = ["STOR", "APPE", "STOU", "DELE", "MKD", "RMD", "RNFR", "RNTO", "MFMT", "MFF", "MFCT", "SITE", "MDTM 2"];
        Assert.DoesNotContain(proxy.Commands, command => changing.Any(verb => command.StartsWith(verb, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_it_has_learned_the_next_mount_knows()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        (await workspace.RunAsync("doctor", UrlOf(server))).MustSucceed();
        var file = Assert.Single(Directory.GetFiles(Path.Combine(workspace.Home, ".cache", "ftpmount", "sites")));
        var content = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains("\"pipelining\": \"Yes\"", content, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Password, content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_transcript_has_the_whole_dialogue_and_no_password()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var file = Path.Combine(workspace.Home, "dialogue.txt");
        await File.WriteAllTextAsync(file, "before", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        (await workspace.RunAsync("doctor", "--transcript", file, UrlOf(server))).MustSucceed();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains(lines, line => line.EndsWith("[1] > PASS ***", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("[1] <  MFMT", StringComparison.Ordinal)); // an inner line of the reply to FEAT
        Assert.DoesNotContain(lines, line => line.Contains(server.Password, StringComparison.Ordinal) || line.Contains("before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_has_the_same_findings()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var result = (await workspace.RunAsync("doctor", "--json", UrlOf(server))).MustSucceed();
        var document = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(1, document.GetProperty("version").GetInt32());
        var profile = document.GetProperty("profile");
        Assert.True(profile.GetProperty("isMountable").GetBoolean());
        Assert.False(profile.GetProperty("triedWriting").GetBoolean());
        var mlsd = profile.GetProperty("sections").EnumerateArray().SelectMany(section => section.GetProperty("findings").EnumerateArray())
            .Single(finding => finding.GetProperty("subject").GetString() == "MLSD");
        Assert.Equal("works", mlsd.GetProperty("level").GetString());
    }

    [Fact]
    public async Task A_read_only_server_is_told_apart_and_keeps_its_files()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib, new FtpServerOptions { ReadOnly = true });
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var before = Directory.GetFileSystemEntries(server.RootDirectory);
        var result = (await workspace.RunAsync("doctor", "--write", UrlOf(server))).MustSucceed();
        Assert.Contains("Advised: -o ro", result.Output, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(server.RootDirectory));
    }

    [Fact]
    public async Task The_limit_of_connections_is_found_and_advised()
    {
        await using var server = await StartAsync(FtpServerKind.Vsftpd, new FtpServerOptions { MaxClients = 3 });
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var result = (await workspace.RunAsync("doctor", UrlOf(server))).MustSucceed();
        Assert.Matches(@"Advised: -o connections=[23]\n", result.Output);
    }

    [Fact]
    public async Task An_interrupted_examination_removes_what_it_made()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var proxy = FaultProxy.Start(server);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = server.Password;
        var before = Directory.GetFileSystemEntries(server.RootDirectory);
        await using var running = workspace.StartProgram("doctor", "--write", $"ftp://{server.User}@{proxy.Host}:{proxy.Port}/");
        while (!proxy.Commands.Any(command => command.StartsWith("STOR", StringComparison.Ordinal)))
            await Task.Delay(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken);
        running.Signal(RunningProgram.Interrupt);
        var result = await running.WaitAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("ftpmount: interrupted", Assert.Single(result.ErrorLines));
        Assert.Equal("", result.Output);
        Assert.Equal(before, Directory.GetFileSystemEntries(server.RootDirectory));
    }

    [Theory]
    [InlineData("ftp://u@no-such-host.invalid/", "no-such-host.invalid")]
    [InlineData("ftp://u@127.0.0.1:1/", "refuses connections")]
    public async Task A_server_that_cannot_be_reached_is_one_line_and_exit_code_1(string url, string message)
    {
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = "hush-hush";
        var result = await workspace.RunAsync("doctor", "-o", "timeout=10", url);
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains(message, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_one_line_and_exit_code_1()
    {
        await using var server = await StartAsync(FtpServerKind.Pyftpdlib);
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = "wrong-hush";
        var result = await workspace.RunAsync("doctor", "--write", UrlOf(server));
        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("password", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-hush", result.Errors, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\(\d+ ms\)")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"\S+(?= FTP server \(GNU inetutils)")]
    private static partial Regex MachineName();

    [GeneratedRegex(@"(?<=Version: )Linux \S+")]
    private static partial Regex Kernel();

    [GeneratedRegex(@"\d+\.\d GiB")]
    private static partial Regex Space();

    [GeneratedRegex(@"\b\d+\.\d+(\.\d+)*[a-z]?\b")]
    private static partial Regex Versions();
}
