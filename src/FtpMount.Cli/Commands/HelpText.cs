using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using FtpMount.Service.Options;

namespace FtpMount.Cli.Commands;

/// <summary>What <c>--help</c> prints: the usage, for mount the options of <c>-o</c>, and examples.</summary>
internal sealed class HelpText(HelpAction usage) : SynchronousCommandLineAction
{
    private const string MountExamples = """
        Password: from the first of the URL (others can read it there), FTPMOUNT_PASSWORD, password-file, ~/.netrc, the terminal.
        Without a user in the URL or in ~/.netrc the login is anonymous.

        Examples:
          ftpmount mount ftp://ftp.example.org/pub ~/pub -o ro
          ftpmount mount ftp://anna@nas:2121/photos ~/photos -o password-file=~/.nas-password
          ftpmount mount ftp://anna@nas//srv/data /mnt/data       (two slashes: from the server's root, not from the login folder)
          ftpmount mount -f -o log-level=debug ftp://anna@nas/ ~/nas

        In /etc/fstab:
          ftp://anna@nas/photos  /mnt/photos  ftpmount  _netdev,nofail,password-file=/etc/nas-password,allow-other  0  0
        """;

    private const string UnmountExamples = """
        Exit code 1 means that something could not be sent; it is listed, and kept in the mount's state folder.

        Examples:
          ftpmount unmount ~/photos
          ftpmount unmount ~/photos --timeout 60
        """;

    private const string StatusExamples = """
        Examples:
          ftpmount status
          ftpmount status --json
        """;

    private const string QueueExamples = """
        Files are sent by themselves; what the server refuses is tried again every five minutes, and stays here until it is sent or discarded.

        Examples:
          ftpmount queue list
          ftpmount queue list ~/photos --json
          ftpmount queue retry ~/photos
          ftpmount queue save ~/photos ~/photos/2026/a.jpg --to ~/rescued
          ftpmount queue save ~/photos ~/photos --to ~/rescued          (all of them)
          ftpmount queue discard ~/photos --id 17
        """;

    private const string CacheExamples = """
        Examples:
          ftpmount refresh ~/photos
          ftpmount refresh ~/photos ~/photos/2026
          ftpmount pin ~/photos/2026
          ftpmount unpin ~/photos/2026
          ftpmount forget ~/photos/2025
        """;

    private const string DoctorExamples = """
        Without --write nothing on the server is changed. With it, everything is tried in a folder of its own, which is removed, also after Ctrl-C.
        Exit code 0 means that the server can be mounted, 1 that it cannot.

        Examples:
          ftpmount doctor ftp://anna@nas/photos
          ftpmount doctor --write -o password-file=~/.nas-password ftp://anna@nas/photos
          ftpmount doctor --transcript dialogue.txt ftp://ftp.example.org/
        """;

    private const string RootExamples = """
        Examples:
          ftpmount mount ftp://anna@nas/photos ~/photos
          ftpmount status
          ftpmount queue list
          ftpmount unmount ~/photos
          ftpmount doctor ftp://anna@nas/photos

        'ftpmount mount --help' lists all options. Exit codes: 0 done, 1 failed, 2 wrong usage.
        """;

    public override int Invoke(ParseResult parseResult)
    {
        var result = usage.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        switch (command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? parent.Name : command.Name)
        {
            case "mount":
                WriteOptions(output);
                output.WriteLine(MountExamples);
                break;
            case "unmount":
                output.WriteLine(UnmountExamples);
                break;
            case "status":
                output.WriteLine(StatusExamples);
                break;
            case "queue":
                output.WriteLine(QueueExamples);
                break;
            case "refresh" or "pin" or "unpin" or "forget":
                output.WriteLine(CacheExamples);
                break;
            case "doctor":
                output.WriteLine(DoctorExamples);
                break;
            default:
                output.WriteLine(RootExamples);
                break;
        }

        return result;
    }

    private static void WriteOptions(TextWriter output)
    {
        output.WriteLine("Options of -o (in brackets what holds without them; a comma in a value is written \\,):");
        var width = MountOptionTable.All.Max(d => d.Syntax.Length);
        foreach (var definition in MountOptionTable.All)
            output.WriteLine($"  {definition.Syntax.PadRight(width)}  {definition.Description}");
        output.WriteLine("Options of mount(8) and fstab such as noauto, nofail, _netdev, user and x-* are accepted and mean nothing here.");
        output.WriteLine();
    }
}
