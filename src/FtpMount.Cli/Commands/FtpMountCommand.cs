using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using FtpMount.Cli.Background;
using FtpMount.Cli.Secrets;
using FtpMount.Service;
using FtpMount.Service.Options;

namespace FtpMount.Cli.Commands;

/// <summary>The command line of <c>ftpmount</c>.</summary>
internal static class FtpMountCommand
{
    /// <summary>Parses the arguments and runs what they ask for.</summary>
    /// <returns>The exit code.</returns>
    internal static async Task<int> InvokeAsync(string[] args, HandedSecrets secrets)
    {
        var parsed = Create(secrets).Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpText and not VersionText)
            throw new UsageException(Describe(parsed));
        // Signals and errors are this program's own business.
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static RootCommand Create(HandedSecrets secrets)
    {
        var root = new RootCommand("Mounts an FTP server as a folder.") { CreateMount(secrets), CreateUnmount(), CreateStatus(), QueueCommandLine.Create(), CreateDoctor(secrets), CreateServe() };
        foreach (var command in CacheCommandLine.Create())
            root.Subcommands.Add(command);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpText((HelpAction)help.Action!);
        root.Options.OfType<VersionOption>().Single().Action = new VersionText();
        return root;
    }

    private static Command CreateMount(HandedSecrets secrets)
    {
        var url = new Argument<string>("URL") { Description = "What to mount: ftp://[user@]host[:port][/folder]" };
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "Where: an existing, empty folder" };
        var foreground = new Option<bool>("--foreground", "-f") { Description = "Stay, and log to stderr, instead of going to the background" };
        var options = new Option<string[]>("-o", "--options")
        {
            Description = "Options, separated by commas; see below",
            HelpName = "key=value,...",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        url.Validators.Add(RefuseOption);
        mountPoint.Validators.Add(RefuseOption);
        var command = new Command("mount", "Mounts a server; returns when the mount answers") { foreground, options, url, mountPoint };
        command.SetAction((result, _) => MountCommand.RunAsync(
            new MountRequest(result.GetRequiredValue(url), result.GetRequiredValue(mountPoint), result.GetValue(options) ?? [])
            {
                Foreground = result.GetValue(foreground),
            },
            secrets));
        return command;
    }

    private static Command CreateUnmount()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "The folder that is mounted on" };
        var timeout = new Option<double?>("--timeout")
        {
            Description = "Leave what is still unsent after so long; it is listed and kept in the state folder. Without it: as long as it takes",
            HelpName = "SECONDS",
        };
        mountPoint.Validators.Add(RefuseOption);
        timeout.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(double.TryParse(token.Value, System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and <= 1e7))
                result.AddError($"--timeout {token.Value}: not a number of seconds");
        });
        var command = new Command("unmount", "Unmounts, and waits until everything is on the server") { timeout, mountPoint };
        command.SetAction((result, _) => UnmountCommand.RunAsync(
            result.GetRequiredValue(mountPoint), result.GetValue(timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : null));
        return command;
    }

    private static Command CreateStatus()
    {
        var json = new Option<bool>("--json") { Description = "For scripts: a stable format, described in docs/CONFIGURATION.md" };
        var command = new Command("status", "Shows what is mounted, and how it is") { json };
        command.SetAction((result, _) => StatusCommand.RunAsync(result.GetValue(json)));
        return command;
    }

    private static Command CreateDoctor(HandedSecrets secrets)
    {
        var url = new Argument<string>("URL") { Description = "The server, and the folder that would be mounted" };
        var options = new Option<string[]>("-o", "--options")
        {
            Description = "Options as for mount, separated by commas",
            HelpName = "key=value,...",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        var write = new Option<bool>("--write") { Description = "Also try writing, in a folder that is made for it and removed" };
        var transcript = new Option<string?>("--transcript") { Description = "Write the whole dialogue with the server, without secrets, to a file", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "For scripts: a stable format, described in docs/CONFIGURATION.md" };
        url.Validators.Add(RefuseOption);
        var command = new Command("doctor", "Finds out what a server can do, and what that means for a mount") { write, transcript, json, options, url };
        command.SetAction((result, _) => DoctorCommand.RunAsync(
            new DoctorRequest(result.GetRequiredValue(url), result.GetValue(options) ?? [])
            {
                Writes = result.GetValue(write),
                TranscriptFile = result.GetValue(transcript),
                Json = result.GetValue(json),
            },
            secrets));
        return command;
    }

    private static Command CreateServe()
    {
        // Source and mount point are there to be seen in ps; what counts comes over stdin.
        var command = new Command(BackgroundProcess.ServeCommand) { new Argument<string>("URL"), new Argument<string>("MOUNTPOINT") };
        command.Hidden = true;
        command.SetAction((_, _) => ServeCommand.RunAsync());
        return command;
    }

    /// <summary>An option that does not exist must not become a URL.</summary>
    internal static void RefuseOption(ArgumentResult result)
    {
        if (result.Tokens.Select(t => t.Value).FirstOrDefault(v => v is ['-', _, ..]) is { } word)
            result.AddError($"Unknown option '{word}'");
    }

    private static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = command is RootCommand ? "ftpmount" : $"ftpmount {string.Join(' ', PathOf(command))}";
        var hint = $"'{path} --help' shows how it is used";
        if (command.Subcommands.Count > 0)
        {
            var word = parsed.UnmatchedTokens is [var first, ..] ? first : null;
            if (word is null && command is not RootCommand)
                return $"{path} needs one of {string.Join(", ", command.Subcommands.Select(c => c.Name))}; {hint}";
            if (word is null)
                return $"A command is missing: mount, unmount, status, queue, refresh, pin, unpin, forget or doctor; {hint}";
            var nearest = NearestName.Find(word, command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name));
            return $"Unknown command '{word}'; {(nearest is null ? "" : $"did you mean {nearest}? ")}{hint}";
        }

        var missing = command.Arguments.Where(a => a.Arity.MinimumNumberOfValues > 0 && (parsed.GetResult(a)?.Tokens.Count ?? 0) == 0).Select(a => a.Name).ToList();
        var problem = parsed.Errors.Any(e => e.SymbolResult is OptionResult or ArgumentResult { Tokens.Count: > 0 }) || missing.Count == 0
            ? parsed.Errors[0].Message.TrimEnd('.')
            : $"{string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} missing";
        return $"{problem}; {hint}";
    }

    private static IEnumerable<string> PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent and not RootCommand ? [.. PathOf(parent), command.Name] : [command.Name];
}
