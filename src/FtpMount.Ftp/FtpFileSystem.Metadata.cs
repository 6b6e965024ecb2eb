using System.Runtime.CompilerServices;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>Listing and looking up.</content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<RemoteEntry> ListAsync(
        RemotePath directory, Lane lane, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Only until the first entry has come: what was given out cannot be taken back.
        var (lease, entries, any) = await BeginAsync(
            lane,
            async (lease, token) =>
            {
                var entries = FtpListing.ListAsync(lease.Connection, directory, exactTimes: true, cancellationToken).GetAsyncEnumerator(cancellationToken);
                try
                {
                    return (lease, entries, await entries.MoveNextAsync());
                }
                catch
                {
                    await entries.DisposeAsync();
                    throw;
                }
            },
            cancellationToken);
        try
        {
            while (any)
            {
                yield return Show(directory.Combine(entries.Current.Name), entries.Current);
                any = await entries.MoveNextAsync();
            }
        }
        finally
        {
            await entries.DisposeAsync();
            await lease.Connection.PrepareTransferAsync();
            await lease.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        // The server would look up the name that it makes of this one.
        if (_site.ControlCharacters == FtpSupport.No && path.Name.AsSpan().ContainsAny(ControlCharacters))
            throw FtpErrorMapping.Failure(RemoteError.NotFound, "Looking up", path, null);
        return _pool.RunAsync(
            lane, repeatable: true, async (connection, token) => Show(path, await FtpStat.StatAsync(connection, path, token)), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        _pool.RunAsync(
            lane,
            repeatable: true,
            async (connection, token) =>
            {
                var entry = await FtpStat.StatAsync(connection, path, token);
                if (entry is { Kind: RemoteKind.Symlink, LinkTarget: null })
                    entry = await FtpLinks.FindAsync(connection, path, token) ?? entry;
                if (entry is not { Kind: RemoteKind.Symlink, LinkTarget: { } target })
                    throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Reading the link", path, null);
                return FtpLinkTarget.Shown(path, target, Root)
                    ?? throw new RemoteException(
                        RemoteError.Unsupported, $"The link {FtpErrorMapping.Quote(path)} leads out of the folder that is mounted; on this machine its target would be another file.")
                    { Path = path };
            },
            cancellationToken);

    /// <summary>The entry as the mount may show it: see <see cref="FtpLinkTarget"/>. The root is a directory also where the server keeps it as a link.</summary>
    private RemoteEntry Show(RemotePath path, RemoteEntry entry) =>
        entry.Kind != RemoteKind.Symlink ? entry
        : path == Root ? entry with { Kind = RemoteKind.Directory, LinkTarget = null, Size = null, Mode = null, Permissions = null }
        : entry.LinkTarget is { } target ? entry with { LinkTarget = FtpLinkTarget.Shown(path, target, Root) }
        : entry;
}
