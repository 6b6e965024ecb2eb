namespace FtpMount.Cli;

/// <summary>Messages to the user: one line each on stderr, beginning with the program's name.</summary>
internal static class Messages
{
    /// <summary>Writes one.</summary>
    internal static void Write(string message) => Console.Error.WriteLine($"ftpmount: {OneLine(message)}");

    /// <summary>
    /// One line without control characters: what a server or another user's process says must not steer the terminal.
    /// </summary>
    internal static string OneLine(string message)
    {
        var line = message.ReplaceLineEndings(" ");
        return line.AsSpan().IndexOfAnyInRange('\0', '\u001F') < 0 && line.AsSpan().IndexOfAnyInRange('\u007F', '\u009F') < 0
            ? line
            : new string([.. line.Select(c => char.IsControl(c) ? '?' : c)]);
    }
}
