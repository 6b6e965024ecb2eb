using System.Globalization;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Cli.Profiles;

/// <summary>Prints a profile for people: a mark, the subject, what was found, and below it what that means.</summary>
internal static class ProfileText
{
    private const int SubjectWidth = 26;
    private const int Indent = 4 + SubjectWidth + 1;
    private const int WidthWithoutTerminal = 100;
    private const int NarrowestWidth = 60;
    private const int WidestWidth = 120;
    private const string NoColour = "\u001B[0m";

    /// <summary>How wide a line may be.</summary>
    internal static int WidthOf(bool isRedirected)
    {
        if (isRedirected)
            return WidthWithoutTerminal;
        try
        {
            return Math.Clamp(Console.WindowWidth - 1, NarrowestWidth, WidestWidth);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return WidthWithoutTerminal;
        }
    }

    /// <summary>Prints it.</summary>
    internal static void Write(ServerProfile profile, TextWriter output, int width, bool colours)
    {
        output.WriteLine(Messages.OneLine(profile.Server));
        output.WriteLine("  + works   ~ in part   - does not work   ! needs attention");
        foreach (var section in profile.Sections)
        {
            output.WriteLine();
            output.WriteLine(section.Title);
            foreach (var finding in section.Findings)
                Write(finding, output, width, colours);
        }

        output.WriteLine();
        if (profile.AdvisedOptions.Count > 0)
            output.WriteLine($"Advised: -o {string.Join(',', profile.AdvisedOptions)}");
        output.WriteLine(Messages.OneLine(profile.Verdict));
    }

    private static void Write(ProfileFinding finding, TextWriter output, int width, bool colours)
    {
        var (mark, colour) = finding.Level switch
        {
            FindingLevel.Works => ('+', "\u001B[32m"),
            FindingLevel.Partly => ('~', "\u001B[33m"),
            FindingLevel.Missing => ('-', "\u001B[33m"),
            FindingLevel.Problem => ('!', "\u001B[31m"),
            _ => (' ', ""),
        };
        var time = finding.Milliseconds is { } milliseconds ? string.Create(CultureInfo.InvariantCulture, $" ({milliseconds:0} ms)") : "";
        var lines = Wrap(Messages.OneLine(finding.Result) + time, width - Indent).ToList();
        output.WriteLine($"  {(colours && colour.Length > 0 ? $"{colour}{mark}{NoColour}" : mark)} {finding.Subject,-SubjectWidth} {lines[0]}");
        foreach (var line in lines.Skip(1).Concat(finding.Meaning is { } meaning ? Wrap(Messages.OneLine(meaning), width - Indent) : []))
            output.WriteLine(new string(' ', Indent) + line);
    }

    /// <summary>Breaks a text at its spaces. A longer word stays whole.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width)
        {
            var at = text.LastIndexOf(' ', width);
            if (at <= 0)
                at = text.IndexOf(' ', StringComparison.Ordinal);
            if (at <= 0)
                break;
            yield return text[..at];
            text = text[(at + 1)..];
        }

        yield return text;
    }
}
