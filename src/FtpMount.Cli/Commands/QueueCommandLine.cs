using System.CommandLine;

namespace FtpMount.Cli.Commands;

/// <summary>The command line of <c>ftpmount queue</c>.</summary>
internal static class QueueCommandLine
{
    internal static Command Create() =>
        new("queue", "Shows what is not on the server yet, and what became of it; retries, saves and discards it") { CreateList(), CreateRetry(), CreateSave(), CreateDiscard() };

    private static Command CreateList()
    {
        var mountPoint = new Argument<string?>("MOUNTPOINT") { Description = "Whose; without it: of all mounts, also of those that do not run", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "For scripts: a stable format, described in docs/CONFIGURATION.md" };
        var state = StateOption();
        mountPoint.Validators.Add(FtpMountCommand.RefuseOption);
        var command = new Command("list", "Lists the files that are not on the server yet") { json, state, mountPoint };
        command.SetAction((result, _) => QueueCommand.ListAsync(result.GetValue(mountPoint), result.GetValue(state), result.GetValue(json)));
        return command;
    }

    private static Command CreateRetry()
    {
        var (mountPoint, paths, ids) = (MountPointArgument(), PathsArgument("Which files and folders; without: all"), IdOption());
        var command = new Command("retry", "Tries again now, without waiting") { ids, mountPoint, paths };
        command.SetAction((result, _) => QueueCommand.RetryAsync(Request(result, mountPoint, paths, ids, null)));
        return command;
    }

    private static Command CreateSave()
    {
        var (mountPoint, paths, ids, state) = (MountPointArgument(), PathsArgument("Which files and folders"), IdOption(), StateOption());
        var directory = new Option<string>("--to") { Description = "The folder; each file goes to its path below the mounted folder, and nothing is replaced", HelpName = "DIR", Required = true };
        var command = new Command("save", "Writes copies of files to another folder; they stay in the queue") { directory, ids, state, mountPoint, paths };
        command.SetAction((result, _) => QueueCommand.SaveAsync(Request(result, mountPoint, paths, ids, state), result.GetRequiredValue(directory)));
        return command;
    }

    private static Command CreateDiscard()
    {
        var (mountPoint, paths, ids, state) = (MountPointArgument(), PathsArgument("Which files and folders"), IdOption(), StateOption());
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("discard", "Deletes the content that was not sent; what the server has stays") { yes, ids, state, mountPoint, paths };
        command.SetAction((result, _) => QueueCommand.DiscardAsync(Request(result, mountPoint, paths, ids, state), result.GetValue(yes)));
        return command;
    }

    private static QueueRequest Request(ParseResult result, Argument<string> mountPoint, Argument<string[]> paths, Option<long[]> ids, Option<string?>? state) =>
        new(result.GetRequiredValue(mountPoint), result.GetValue(paths) ?? [], result.GetValue(ids) ?? [], state is null ? null : result.GetValue(state));

    private static Argument<string> MountPointArgument()
    {
        var argument = new Argument<string>("MOUNTPOINT") { Description = "The folder that is, or was, mounted on" };
        argument.Validators.Add(FtpMountCommand.RefuseOption);
        return argument;
    }

    private static Argument<string[]> PathsArgument(string description)
    {
        var argument = new Argument<string[]>("PATH") { Description = description + ": in the mount, relative to it, or as the list shows them", Arity = ArgumentArity.ZeroOrMore };
        argument.Validators.Add(FtpMountCommand.RefuseOption);
        return argument;
    }

    private static Option<long[]> IdOption() => new("--id") { Description = "A file by the number that the list shows; may be repeated", HelpName = "N", AllowMultipleArgumentsPerToken = false };

    private static Option<string?> StateOption() => new("--state-dir") { Description = "Where mounts keep what is unsent, when the option state-dir was given", HelpName = "DIR" };
}
