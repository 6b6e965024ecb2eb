using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <content>
/// Commands that reach what they name, also on servers that divide arguments at spaces or take them for patterns (<see cref="NameTrial"/> finds out). What lies in a directory
/// with such a name is reached by entering that directory, which PWD must confirm, and by its own name alone. A name that has such characters itself is refused: the command
/// could reach another file.
/// </content>
internal sealed partial class FtpConnection
{
    private bool _triesNames;

    /// <summary>Whether commands can name this path; what its parents are called does not matter.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public async ValueTask<bool> CanNameAsync(RemotePath path, CancellationToken cancellationToken)
    {
        await LearnNamesAsync(path, changes: false, cancellationToken);
        return !Site.Mangles(path.Name);
    }

    /// <summary>Whether a command can name this path as a whole, from whatever working directory.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public async ValueTask<bool> CanNameInBurstAsync(RemotePath path, CancellationToken cancellationToken)
    {
        await LearnNamesAsync(path, changes: false, cancellationToken);
        return !Site.Mangles(path.Value);
    }

    /// <summary>RNFR and RNTO. The server must get them one after the other, so at most one directory can be entered for both.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: they would not reach what they name.</exception>
    public async ValueTask<(FtpCommand From, FtpCommand To)> NameRenameAsync(RemotePath source, RemotePath target, CancellationToken cancellationToken)
    {
        await LearnNamesAsync(source, changes: true, cancellationToken);
        await LearnNamesAsync(target, changes: true, cancellationToken);
        if (!Site.Mangles(source.Value) && !Site.Mangles(target.Value))
            return (Site.Command("RNFR", source), Site.Command("RNTO", target));
        var isFromMangled = Site.Mangles(source.Parent.Value);
        var isToMangled = Site.Mangles(target.Parent.Value);
        if (Site.Mangles(source.Name))
            throw Site.NameRefusal(source);
        if (Site.Mangles(target.Name) || (isFromMangled && isToMangled && source.Parent != target.Parent))
            throw Site.NameRefusal(target);
        var entered = isFromMangled ? source.Parent : target.Parent;
        await EnterAsync(entered, cancellationToken);
        return (Near("RNFR", source), Near("RNTO", target));

        FtpCommand Near(string verb, RemotePath path) => path.Parent == entered ? Relative(verb, path, "") : new FtpCommand(verb, Site.Encode(path));
    }

    /// <summary>Whether the path of a command would be taken for something else, which is found out first where it is not known.</summary>
    private async ValueTask<bool> IsMangledAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        await EnsureNamesArriveAsync(command, cancellationToken);
        if (_triesNames || command.Path is not { } path)
            return false;
        await LearnNamesAsync(path, !command.OnlyLooks, cancellationToken);
        return Site.Mangles(path.Value);
    }

    /// <summary>The command as the server takes it for what it is, which may be from another working directory.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: there is none.</exception>
    private async ValueTask<FtpCommand> NameAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        if (command.Path is not { } path || !Site.Mangles(path.Value))
            return command;
        switch (command.Verb)
        {
            case "CWD":
                await TryEnterAsync(path, cancellationToken);
                return command; // once more, for its reply
            case "MLSD":
                await EnterAsync(path, cancellationToken);
                return new FtpCommand("MLSD");
            default:
                if (Site.Mangles(path.Name))
                    throw Site.NameRefusal(path);
                await EnterAsync(path.Parent, cancellationToken);
                return Relative(command.Verb, path, command.Ending ?? "");
        }
    }

    /// <summary>As <see cref="NameAsync(FtpCommand, CancellationToken)"/>, for all that a transfer names.</summary>
    /// <returns>What is to be sent; or, when something is where nothing may be, how the request ended.</returns>
    private async ValueTask<(FtpTransferRequest Request, FtpTransferOpening? Ended)> NameAsync(FtpTransferRequest request, CancellationToken cancellationToken)
    {
        var isEnterMangled = request.Enter is { } directory && await IsMangledAsync(Site.Command("CWD", directory), cancellationToken);
        var isCommandMangled = await IsMangledAsync(request.Command, cancellationToken);
        if (request.Absent is { } absent && isCommandMangled)
        {
            var look = await ExchangeAsync(Site.Command(Site.Mlst == FtpSupport.Yes ? "MLST" : "SIZE", absent), cancellationToken);
            if (look.Code.IsCompletion)
                return (request, FtpTransferOpening.Present(look));
            request = request with { Absent = null };
        }

        if (isEnterMangled)
        {
            await EnterAsync(request.Enter!.Value, cancellationToken);
            request = request with { Enter = null };
        }

        return (isCommandMangled ? request with { Command = await NameAsync(request.Command, cancellationToken) } : request, null);
    }

    /// <summary>Enters a directory whose name the server may take for something else; PWD tells whether it has.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>: it has, or refuses.</exception>
    private async ValueTask EnterAsync(RemotePath directory, CancellationToken cancellationToken)
    {
        if (!await TryEnterAsync(directory, cancellationToken))
            throw Site.NameRefusal(directory);
    }

    /// <returns>False: the server has refused, and stays where it was.</returns>
    private async ValueTask<bool> TryEnterAsync(RemotePath directory, CancellationToken cancellationToken)
    {
        if (WorkingDirectory == directory)
            return true;
        var entered = await ExchangeOneAsync(Site.Command("CWD", directory), cancellationToken);
        if (!entered.Code.IsCompletion)
            return false;
        WorkingDirectory = null;
        // What comes before the first such name may be a link; PWD shows where that leads.
        var doubtful = directory;
        while (!Site.Mangles(doubtful.Name) || Site.Mangles(doubtful.Parent.Value))
            doubtful = doubtful.Parent;
        var shown = await ExchangeOneAsync(new FtpCommand("PWD"), cancellationToken);
        var end = directory.Value[doubtful.Parent.Value.TrimEnd('/').Length..];
        if (!PwdReply.TryParse(shown, Site.Codec, out var path) || !path.EndsWith(end, StringComparison.Ordinal))
            throw Site.NameRefusal(directory);
        WorkingDirectory = directory;
        return true;
    }

    /// <summary>A command with a name in the working directory; not one that could be an option or a home directory.</summary>
    private FtpCommand Relative(string verb, RemotePath path, string ending) =>
        new(verb, Site.Codec.Encode((path.Name[0] is '~' or '-' ? "./" + path.Name : path.Name) + ending));

    private async ValueTask LearnNamesAsync(RemotePath path, bool changes, CancellationToken cancellationToken)
    {
        if (_triesNames || !FtpSite.IsSpecial(path.Value) || Site.Mangles(path.Value) || Site.TakesAsNamed(path.Value))
            return;
        _triesNames = true;
        try
        {
            if (changes && Site.ChangesAsNamed == FtpSupport.Unknown && Site.MayTryNames())
                await NameTrial.ChangeAsync(this, path, cancellationToken);
            var asksSpaces = Site.Spaces == FtpSupport.Unknown && path.Value.Contains(' ', StringComparison.Ordinal);
            var asksPatterns = Site.Patterns == FtpSupport.Unknown && path.Value.AsSpan().ContainsAny(FtpSite.PatternCharacters);
            if ((asksSpaces || asksPatterns) && Site.MayTryNames())
                await NameTrial.LookAsync(this, path, cancellationToken);
        }
        finally
        {
            _triesNames = false;
        }
    }
}
