using Spectre.Console;

namespace FtpMount.Cli.Commands;

/// <summary>Tables on stdout: with a frame on a terminal, without one and of any width in a file or a pipe.</summary>
internal static class TerminalTable
{
    /// <summary>A table in a file or a pipe is not cut to the width of a terminal.</summary>
    private const int WidthWithoutTerminal = 1000;

    /// <summary>A table with these columns.</summary>
    internal static Table Create(params ReadOnlySpan<string> headings)
    {
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.None : TableBorder.Rounded);
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Text(heading)));
        return table;
    }

    /// <summary>Writes it.</summary>
    internal static void Write(Table table) => Open().Write(table);

    /// <summary>Writes a line, which is wrapped at the terminal's width.</summary>
    internal static void WriteLine(string line) => Open().WriteLine(Messages.OneLine(line));

    private static IAnsiConsole Open()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthWithoutTerminal;
        return console;
    }
}
