using FtpMount.Service.Options;

namespace FtpMount.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "A command is missing")]
    [InlineData("mout", "did you mean mount?")]
    [InlineData("--nonsense", "Unknown command '--nonsense'")]
    [InlineData("mount", "URL and MOUNTPOINT are missing")]
    [InlineData("mount ftp://h/", "MOUNTPOINT is missing")]
    [InlineData("mount ftp://h/ /mnt extra", "extra")]
    [InlineData("mount --nonsense /mnt", "Unknown option '--nonsense'")]
    [InlineData("mount ftp://h/ /mnt -o", "-o")]
    [InlineData("mount ftp://h/ /mnt -o cache-sise=1G", "did you mean cache-size?")]
    [InlineData("mount ftp://h/ /mnt -o timeout=soon", "timeout=soon: not a number of seconds from 1 to 3600")]
    [InlineData("mount http://h/ /mnt", "'http://' is not a protocol that can be mounted")]
    [InlineData("mount ftps://h/ /mnt -o tls=off", "ftps:// means TLS from the first byte on, which contradicts tls=off")]
    [InlineData("mount ftp://h/ /mnt -o tls-min=1.3,tls-max=1.2", "tls-min=1.3 and tls-max=1.2 leave no version")]
    [InlineData("mount h /mnt", "is not a URL")]
    [InlineData("unmount", "MOUNTPOINT is missing")]
    [InlineData("unmount --timeout soon /mnt", "--timeout soon: not a number of seconds")]
    [InlineData("unmount --timeout -1 /mnt", "--timeout -1: not a number of seconds")]
    [InlineData("status --xml", "--xml")]
    [InlineData("queue", "ftpmount queue needs one of list, retry, save, discard")]
    [InlineData("queue lst", "did you mean list?")]
    [InlineData("queue save /mnt file", "'ftpmount queue save --help'")]
    [InlineData("queue discard /mnt --nonsense", "Unknown option '--nonsense'")]
    [InlineData("queue discard /mnt --yes", "Name the files")]
    [InlineData("pin", "PATH is missing")]
    [InlineData("refresh", "MOUNTPOINT is missing")]
    [InlineData("doctor", "URL is missing")]
    [InlineData("doctor --nonsense", "Unknown option '--nonsense'")]
    [InlineData("doctor http://h/", "'http://' is not a protocol that can be mounted")]
    [InlineData("doctor ftp://h/ -o cache-sise=1G", "did you mean cache-size?")]
    [InlineData("doctor ftp://h/ --write -o ro", "exclude each other")]
    [InlineData("serve a b", "'serve' is for ftpmount itself")]
    [InlineData("--secrets-fd=0 mount ftp://h/ /mnt", "is for ftpmount itself")]
    public async Task Wrong_usage_is_one_line_on_stderr_and_exit_code_2(string arguments, string message)
    {
        await using var workspace = new Workspace();
        await using var running = workspace.Start(["setsid", "--wait", Workspace.Program, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        running.Input.Close();
        var result = await running.WaitAsync();
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.StartsWith("ftpmount: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_name_and_number()
    {
        await using var workspace = new Workspace();
        Assert.Matches(@"^ftpmount \d+\.\d+\.\d+\n$", (await workspace.RunAsync("--version")).MustSucceed().Output);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("mount --help")]
    [InlineData("unmount --help")]
    [InlineData("status -h")]
    [InlineData("doctor --help")]
    [InlineData("queue --help")]
    [InlineData("queue save --help")]
    [InlineData("refresh --help")]
    [InlineData("pin --help")]
    [InlineData("forget --help")]
    public async Task Help_has_examples(string arguments)
    {
        await using var workspace = new Workspace();
        Assert.Contains("Examples:\n  ftpmount ", (await workspace.RunAsync(arguments.Split(' '))).MustSucceed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_documentation_have_every_option()
    {
        await using var workspace = new Workspace();
        var help = (await workspace.RunAsync("mount", "--help")).MustSucceed().Output;
        var documentation = await File.ReadAllTextAsync(Path.Combine(Workspace.RepositoryRoot, "docs", "CONFIGURATION.md"), TestContext.Current.CancellationToken);
        foreach (var definition in MountOptionTable.All)
        {
            Assert.Contains($"  {definition.Syntax} ", help, StringComparison.Ordinal);
            Assert.Contains($"| `{definition.Syntax.Replace("|", "\\|", StringComparison.Ordinal)}` |", documentation, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Status_of_nothing_is_an_empty_list()
    {
        await using var workspace = new Workspace();
        Assert.Null(await workspace.StatusAsync());
    }

    [Theory]
    [InlineData("nonexistent/mnt", "does not exist; make it first: mkdir -p")]
    [InlineData("mnt", "is not mounted")]
    public async Task Unmounting_what_is_not_mounted_fails(string path, string message)
    {
        await using var workspace = new Workspace();
        var result = await workspace.RunAsync("unmount", Path.Combine(workspace.Home, path));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unmounting_another_file_system_is_refused()
    {
        await using var workspace = new Workspace();
        var result = await workspace.RunAsync("unmount", "/proc");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is not a mount of ftpmount but proc", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }
}
