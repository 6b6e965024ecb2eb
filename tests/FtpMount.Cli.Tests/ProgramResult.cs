namespace FtpMount.Cli.Tests;

/// <summary>How a program ended and what it wrote.</summary>
public sealed record ProgramResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The lines on stderr.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails the test with what was written unless the exit code is 0.</summary>
    public ProgramResult MustSucceed()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}\n{Output}\n{Errors}");
        return this;
    }
}
