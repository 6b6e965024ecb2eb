using System.CommandLine;

namespace FtpMount.Cli.Commands;

/// <summary>The command lines of <c>refresh</c>, <c>pin</c>, <c>unpin</c> and <c>forget</c>.</summary>
internal static class CacheCommandLine
{
    internal static IEnumerable<Command> Create()
    {
        yield return CreateRefresh();
        yield return Create("pin", "Keeps files and folders on this machine, and downloads what is not here", CacheCommand.PinAsync);
        yield return Create("unpin", "Lets what is pinned go with the rest of the cache again", CacheCommand.UnpinAsync);
        yield return Create("forget", "Deletes the cached content of files and folders from this machine", CacheCommand.ForgetAsync);
    }

    private static Command CreateRefresh()
    {
        var mountPoint = new Argument<string>("MOUNTPOINT") { Description = "The folder that is mounted on" };
        var paths = new Argument<string[]>("PATH") { Description = "Files and folders in it; without: everything", Arity = ArgumentArity.ZeroOrMore };
        mountPoint.Validators.Add(FtpMountCommand.RefuseOption);
        paths.Validators.Add(FtpMountCommand.RefuseOption);
        var command = new Command("refresh", "Drops what is known of names and unchanged content, and asks the server anew") { mountPoint, paths };
        command.SetAction((result, _) => CacheCommand.RefreshAsync(result.GetRequiredValue(mountPoint), result.GetValue(paths) ?? []));
        return command;
    }

    private static Command Create(string name, string description, Func<IReadOnlyList<string>, Task<int>> action)
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files and folders in a mount", Arity = ArgumentArity.OneOrMore };
        paths.Validators.Add(FtpMountCommand.RefuseOption);
        var command = new Command(name, description) { paths };
        command.SetAction((result, _) => action(result.GetRequiredValue(paths)));
        return command;
    }
}
