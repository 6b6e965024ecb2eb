using FtpMount.Remote;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>
/// The folder in which writing is tried. Its name is random, so nobody else's; nothing outside it is touched, and disposing it removes it and all that is in it,
/// whatever has happened in between.
/// </summary>
internal sealed class TrialFolder(ExaminedServer server) : IAsyncDisposable
{
    /// <summary>How long the removing may take when the examination was broken off.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(20);

    /// <summary>The folder, and folders in it: what was made.</summary>
    private const int Depth = 3;

    private bool _isMade;

    /// <summary>Where it is.</summary>
    public RemotePath Path { get; } = server.Sftp.Root.Combine(".ftpmount-doctor-" + Guid.NewGuid().ToString("N")[..12]);

    /// <summary>A name in it.</summary>
    public RemotePath this[string name] => Path.Combine(name);

    /// <summary>Makes it.</summary>
    /// <exception cref="RemoteException">The server refuses.</exception>
    public async ValueTask MakeAsync(CancellationToken cancellationToken)
    {
        _isMade = true;
        try
        {
            await server.Sftp.CreateDirectoryAsync(Path, Lane.Interactive, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            _isMade = false;
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_isMade)
            return;
        server.Report("removing what was made");
        using var limit = new CancellationTokenSource(RemovalLimit, server.Time);
        try
        {
            await RemoveAsync(Path, Depth, limit.Token).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            // It was not made after all.
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            server.How.Warn($"{SftpErrorMapping.Quote(Path)} on {server.Site.Options.Host} was made for trying and could not be removed; remove it");
        }
    }

    private async ValueTask RemoveAsync(RemotePath directory, int depth, CancellationToken cancellationToken)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in server.Sftp.ListAsync(directory, Lane.Interactive, cancellationToken).ConfigureAwait(false))
            entries.Add(entry);
        foreach (var entry in entries)
        {
            var path = directory.Combine(entry.Name);
            if (entry.Kind == RemoteKind.Directory && depth > 1)
                await RemoveAsync(path, depth - 1, cancellationToken).ConfigureAwait(false);
            else
                await server.Sftp.DeleteFileAsync(path, Lane.Interactive, cancellationToken).ConfigureAwait(false);
        }

        await server.Sftp.RemoveDirectoryAsync(directory, Lane.Interactive, cancellationToken).ConfigureAwait(false);
    }
}
