namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>How a program ended.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Error)
{
    /// <summary>The output of a program that must have succeeded.</summary>
    public string Expect()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}{Output}");
        return Output;
    }
}
