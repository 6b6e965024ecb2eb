using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// Finds out whether a server takes paths for what they are: some divide arguments at spaces (<c>DELE a b</c> removes <c>a</c>), some take them for patterns (<c>DELE [ab]</c>
/// removes <c>a</c>). RFC 3659 section 6 calls it TVFS when they do neither. Once per site, before the first path with such characters:
/// <see cref="LookAsync"/> before something is looked at, with something that is there and names that must not reach it; <see cref="ChangeAsync"/> before something is changed, with
/// files of its own in a directory of its own, so that nothing else can be reached.
/// </summary>
internal static class NameTrial
{
    /// <summary>Entries of a directory in which something with an ordinary name is searched.</summary>
    private const int MostLooked = 200;

    /// <summary>Tries the commands that look.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public static async ValueTask LookAsync(FtpConnection connection, RemotePath near, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var anchor = OrdinaryAncestor(near);
        var sample = await FindAsync(connection, anchor, cancellationToken);
        if (sample is not { } found)
            return; // nothing is there that could be reached by mistake
        string[] verbs = found.Kind == RemoteKind.Directory
            ? site.Mlst == FtpSupport.No ? ["CWD"] : ["CWD", "MLST"]
            : site.Mlst == FtpSupport.No ? ["SIZE", "MDTM"] : ["SIZE", "MLST"];
        var name = found.Path.Name;
        RemotePath[] names =
        [
            With(found.Path, Word()),
            With(found.Path, " " + Word()),
            .. Patterns(name).Select(found.Path.Parent.Combine),
        ];
        bool? spaces = null;
        bool? patterns = null;
        foreach (var verb in verbs)
        {
            var replies = await connection.ExchangeAsync([site.Command(verb, found.Path), .. names.Select(path => site.Command(verb, path))], cancellationToken);
            // Only what finds the one and does not find the other says something.
            if (!replies[0].Code.IsCompletion || !replies[1].Code.IsNegative)
                continue;
            spaces = (spaces ?? true) && replies[2].Code.IsNegative;
            patterns = (patterns ?? true) && replies[3..].All(reply => reply.Code.IsNegative);
        }

        connection.ForgetWorkingDirectory();
        // How a server enters directories is no proof of how it finds files, unless it says that it does all alike.
        var proves = found.Kind == RemoteKind.File || site.ChangesAsNamed == FtpSupport.Yes;
        site.NoteNames(proves || spaces == false ? spaces : null, proves || patterns == false ? patterns : null);
    }

    /// <summary>Tries the commands that change something. Nothing is learned where no directory can be made.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public static async ValueTask ChangeAsync(FtpConnection connection, RemotePath near, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var folder = OrdinaryAncestor(near).Combine(".ftpmount-" + Word());
        if (!(await connection.ExchangeAsync(site.Command("MKD", folder), cancellationToken)).Code.IsCompletion)
            return;
        try
        {
            // The second word of each argument is random: a server that divides arguments would look for it beside, or in the working directory.
            var (divided, matched) = (folder.Combine("a" + Word()), folder.Combine("b" + Word()));
            if (!await StoreAsync(connection, divided, cancellationToken) || !await StoreAsync(connection, matched, cancellationToken))
                return;
            var (spaced, bracketed) = ("c" + Word() + " d" + Word(), "[e" + Word() + "]");
            FtpCommand[] dividing =
            [
                site.Command("RNFR", With(divided, " " + Word())), site.Command("RNTO", folder.Combine("f" + Word())),
                site.Command("DELE", With(divided, " " + Word())),
            ];
            FtpCommand[] matching =
            [
                .. Patterns(matched.Name).SelectMany(pattern => (FtpCommand[])[site.Command("RNFR", folder.Combine(pattern)), site.Command("RNTO", folder.Combine("g" + Word()))]),
                .. Patterns(matched.Name).Select(pattern => site.Command("DELE", folder.Combine(pattern))),
            ];
            var replies = await connection.ExchangeAsync(
                [.. dividing, .. matching, site.Command("MKD", folder.Combine(spaced)), site.Command("MKD", folder.Combine(bracketed))], cancellationToken);
            var listed = await ListAsync(connection, folder, cancellationToken);
            // 350 to RNFR says nothing: busybox ftpd gives it for what is not there.
            var spaces = HasNoEffect(replies.AsSpan(0, dividing.Length)) && IsListed(divided.Name) && IsKept(replies[^2], spaced);
            var patterns = HasNoEffect(replies.AsSpan(dividing.Length, matching.Length)) && IsListed(matched.Name) && IsKept(replies[^1], bracketed);
            site.NoteNames(spaces, patterns);
            site.ChangesAsNamed = FtpSupport.Yes;

            bool IsListed(string name) => listed.Count == 0 || listed.ContainsKey(name);

            bool IsKept(FtpReply made, string name) => !made.Code.IsCompletion || IsListed(name);
        }
        finally
        {
            await RemoveAsync(connection, folder);
        }
    }

    private static bool HasNoEffect(ReadOnlySpan<FtpReply> replies)
    {
        foreach (var reply in replies)
        {
            if (reply.Code.IsCompletion)
                return false;
        }

        return true;
    }

    /// <summary>Patterns that fit a name and are not the name.</summary>
    private static string[] Patterns(string name) => [$"{name[..^1]}[{name[^1]}]", name[..^1] + "?", name[..^1] + "*", "{" + name + "}"];

    private static RemotePath With(RemotePath path, string ending) => path.Parent.Combine(path.Name + ending);

    private static string Word() => Guid.NewGuid().ToString("N")[..12];

    /// <summary>The nearest directory above that every server takes for what it is.</summary>
    private static RemotePath OrdinaryAncestor(RemotePath path)
    {
        var ancestor = path.Parent;
        while (FtpSite.IsSpecial(ancestor.Value))
            ancestor = ancestor.Parent;
        return ancestor;
    }

    /// <summary>
    /// Something that is there and has an ordinary name, best a file. Where the server announces that it takes names for what they are the directory itself will do, which need not be listed.
    /// </summary>
    private static async ValueTask<(RemotePath Path, RemoteKind Kind)?> FindAsync(FtpConnection connection, RemotePath directory, CancellationToken cancellationToken)
    {
        (RemotePath Path, RemoteKind Kind)? found = directory.IsRoot ? null : (directory, RemoteKind.Directory);
        if (found is not null && connection.Site.ChangesAsNamed == FtpSupport.Yes)
            return found;
        foreach (var (name, kind) in await ListAsync(connection, directory, cancellationToken))
        {
            if (FtpSite.IsSpecial(name))
                continue;
            if (kind == RemoteKind.File)
                return (directory.Combine(name), kind);
            if (kind == RemoteKind.Directory)
                found ??= (directory.Combine(name), kind);
        }

        return found;
    }

    private static async ValueTask<Dictionary<string, RemoteKind>> ListAsync(FtpConnection connection, RemotePath directory, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, RemoteKind>(StringComparer.Ordinal);
        try
        {
            await foreach (var entry in FtpListing.ListAsync(connection, directory, exactTimes: false, cancellationToken))
            {
                names[entry.Name] = entry.Kind;
                if (names.Count == MostLooked)
                    break;
            }
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            // Not to be listed: what was seen must do.
        }

        return names;
    }

    private static async ValueTask<bool> StoreAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        var opening = await connection.OpenTransferAsync(new FtpTransferRequest { Command = connection.Site.Command("STOR", path), Stores = true }, cancellationToken);
        if (opening.Transfer is not { } transfer)
            return false;
        var (reply, _) = await FtpStore.SendAsync(transfer, new MemoryStream([0]), Lane.Interactive, null, null, cancellationToken);
        return reply.Code.IsCompletion;
    }

    /// <summary>Removes the directory and what is in it, whatever the server made of the names; the caller's wish to stop does not keep it.</summary>
    private static async ValueTask RemoveAsync(FtpConnection connection, RemotePath folder)
    {
        if (!connection.IsUsable)
            return;
        try
        {
            var site = connection.Site;
            var listed = await ListAsync(connection, folder, CancellationToken.None);
            await connection.ExchangeAsync(
                [.. listed.Select(entry => site.Command(entry.Value == RemoteKind.Directory ? "RMD" : "DELE", folder.Combine(entry.Key))), site.Command("RMD", folder)],
                CancellationToken.None);
        }
        catch (RemoteException)
        {
            // The link is gone; an empty hidden directory stays.
        }
    }
}
