namespace FtpMount.Cli;

/// <summary>What the program's exit code says; scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    internal const int Done = 0;

    /// <summary>Tried, and it did not work.</summary>
    internal const int Failed = 1;

    /// <summary>The command line is wrong; nothing was tried.</summary>
    internal const int WrongUsage = 2;
}
