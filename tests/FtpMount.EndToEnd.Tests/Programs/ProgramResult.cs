namespace FtpMount.EndToEnd.Tests.Programs;

/// <summary>How a program ended.</summary>
/// <param name="Command">What was run, for messages.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="Elapsed">How long it ran.</param>
public sealed record ProgramResult(string Command, int ExitCode, string Output, string Error, TimeSpan Elapsed)
{
    /// <summary>Fails the test unless the exit code is 0.</summary>
    public ProgramResult MustSucceed()
    {
        Assert.True(ExitCode == 0, ToString());
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Command}\nended with exit code {ExitCode} after {Elapsed.TotalSeconds:F1} s\n{Tail(Output)}{Tail(Error)}";

    private static string Tail(string text) => text.Length <= 4000 ? text : "[...]" + text[^4000..];
}
