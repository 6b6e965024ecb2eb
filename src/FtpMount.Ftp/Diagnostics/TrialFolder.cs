using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>
/// The folder in which writing is tried. Its name is random, so nobody else's; nothing outside it is touched, and disposing it removes it and all that is in it,
/// whatever has happened in between.
/// </summary>
internal sealed class TrialFolder(ExaminedServer server) : IAsyncDisposable
{
    /// <summary>How long the removing may take when the examination was broken off.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(20);

    /// <summary>The folder, and one level of folders in it.</summary>
    private const int Depth = 2;

    private const int MostEntries = 1000;

    private readonly List<RemotePath> _files = [];
    private readonly List<RemotePath> _directories = [];
    private bool _tried;

    /// <summary>Where it is.</summary>
    public RemotePath Path { get; private set; }

    /// <summary>Makes it: hidden where the server allows hidden names.</summary>
    /// <returns>The reply, null when the session ended over it; and whether its name is hidden.</returns>
    public async ValueTask<(FtpReply? Reply, bool IsHidden)> MakeAsync(CancellationToken cancellationToken)
    {
        var name = "ftpmount-doctor-" + Guid.NewGuid().ToString("N")[..12];
        Path = server.Root.Combine("." + name);
        _tried = true;
        var reply = await server.AskAsync(server.Site.Command("MKD", Path), cancellationToken);
        if (reply is { Code.IsCompletion: true })
            return (reply, true);
        var plain = server.Root.Combine(name);
        var again = await server.AskAsync(server.Site.Command("MKD", plain), cancellationToken);
        if (again is not { Code.IsCompletion: true })
            return (reply, true);
        Path = plain;
        return (again, false);
    }

    /// <summary>A name in it that a file may get.</summary>
    public RemotePath File(string name)
    {
        var path = Path.Combine(name);
        _files.Add(path);
        return path;
    }

    /// <summary>A name in it that a folder may get.</summary>
    public RemotePath Directory(string name) => Directory(Path, name);

    /// <summary>A name in a folder in it that a folder may get.</summary>
    public RemotePath Directory(RemotePath parent, string name)
    {
        var path = parent.Combine(name);
        _directories.Add(path);
        return path;
    }

    /// <summary>A folder is gone already.</summary>
    public void Removed(RemotePath directory) => _directories.Remove(directory);

    /// <summary>A reply's text without the random name.</summary>
    public string Text(FtpReply? reply) =>
        reply is null ? "the session ended over it" : reply.Text.Replace(Path.Name, "...", StringComparison.Ordinal);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_tried)
            return;
        using var limit = new CancellationTokenSource(RemovalLimit, server.Time);
        try
        {
            server.Report("removing what was made");
            var site = server.Site;
            await server.AskAsync([.. _files.Select(file => site.Command("DELE", file))], limit.Token);
            await server.AskAsync([.. Enumerable.Reverse(_directories).Select(directory => site.Command("RMD", directory))], limit.Token);
            if (await IsRemovedAsync(limit.Token))
                return;
            await EmptyAsync(Path, Depth, limit.Token);
            if (await IsRemovedAsync(limit.Token))
                return;
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            // Reported below.
        }

        server.How.Warn($"{FtpErrorMapping.Quote(Path)} on {server.Options.Host} was made for trying and could not be removed; remove it");
    }

    private async ValueTask<bool> IsRemovedAsync(CancellationToken cancellationToken)
    {
        var replies = await server.AskAsync([server.Site.Command("RMD", Path), server.Site.Command("CWD", Path)], cancellationToken);
        return replies[0] is { Code.IsCompletion: true } || replies[1] is { Code.IsNegative: true };
    }

    /// <summary>Removes what lies in it under names that were not asked for: names that the server has changed.</summary>
    private async ValueTask EmptyAsync(RemotePath directory, int depth, CancellationToken cancellationToken)
    {
        var entries = await ExaminedServer.ListAsync(await server.ConnectionAsync(cancellationToken), directory, MostEntries, cancellationToken);
        foreach (var entry in entries)
        {
            var path = directory.Combine(entry.Name);
            if (entry.Kind == RemoteKind.Directory && depth > 1)
                await EmptyAsync(path, depth - 1, cancellationToken);
            await server.AskAsync(server.Site.Command(entry.Kind == RemoteKind.Directory ? "RMD" : "DELE", path), cancellationToken);
        }
    }
}
