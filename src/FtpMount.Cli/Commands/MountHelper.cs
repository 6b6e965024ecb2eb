using FtpMount.Cli.Secrets;
using FtpMount.Service;

namespace FtpMount.Cli.Commands;

/// <summary>
/// The command line that mount(8) uses for a type that it does not know: <c>mount.ftpmount SOURCE FOLDER [-sfnvrw] [-N namespace] [-o options] [-t type]</c>
/// (mount(8), "External helpers"). In it <c>-f</c> means "fake", not "foreground". The same words come without the program's own name from
/// mount.fuse(8), for the type <c>fuse.ftpmount</c>.
/// </summary>
internal static class MountHelper
{
    /// <summary>The name under which mount(8) looks for the program, in /sbin.</summary>
    internal const string ProgramName = "mount.ftpmount";

    /// <summary>Whether the program was started by mount(8) or mount.fuse(8).</summary>
    internal static bool IsInvocation(string programName, string[] args) =>
        programName == ProgramName || (args.Length > 1 && args[0].Contains("://", StringComparison.Ordinal));

    /// <summary>Runs it.</summary>
    internal static Task<int> RunAsync(string[] args, HandedSecrets secrets) => MountCommand.RunAsync(Parse(args), secrets);

    /// <summary>Parses the words.</summary>
    /// <exception cref="UsageException">They are not a mount helper's.</exception>
    internal static MountRequest Parse(string[] args)
    {
        var words = new List<string>();
        var lists = new List<string>();
        bool fake = false, sloppy = false, verbose = false;
        for (var i = 0; i < args.Length; i++)
        {
            var argument = args[i];
            if (argument.Length < 2 || argument[0] != '-')
            {
                words.Add(argument);
                continue;
            }

            for (var j = 1; j < argument.Length; j++)
            {
                switch (argument[j])
                {
                    case 'f':
                        fake = true;
                        continue;
                    case 's':
                        sloppy = true;
                        continue;
                    case 'v':
                        verbose = true;
                        continue;
                    case 'n':
                        continue;
                    case 'r':
                        lists.Add("ro");
                        continue;
                    case 'w':
                        lists.Add("rw");
                        continue;
                    case 'o' or 'N' or 't':
                        var value = j + 1 < argument.Length ? argument[(j + 1)..] : ++i < args.Length ? args[i] : throw Wrong($"-{argument[j]} needs a value");
                        if (argument[j] == 'o')
                            lists.Add(value);
                        break;
                    default:
                        throw Wrong($"unknown option {argument}");
                }

                break;
            }
        }

        if (words is not [var url, var mountPoint])
            throw Wrong("a source and a folder are needed");
        return new MountRequest(url, mountPoint, lists) { Fake = fake, Sloppy = sloppy, Verbose = verbose };
    }

    private static UsageException Wrong(string problem) =>
        new($"{problem}; {ProgramName} is for mount(8): {ProgramName} URL MOUNTPOINT [-sfnvrw] [-o OPTIONS]");
}
