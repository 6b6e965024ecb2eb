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
                yield return entries.Current;
                any = await entries.MoveNextAsync();
            }
        }
        finally
        {
            await entries.DisposeAsync();
            await lease.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        // The server would look up the name that it makes of this one.
        if (_site.ControlCharacters == FtpSupport.No && path.Name.AsSpan().ContainsAny(ControlCharacters))
            throw FtpErrorMapping.Failure(RemoteError.NotFound, "Looking up", path, null);
        return _pool.RunAsync(lane, repeatable: true, (connection, token) => FtpStat.StatAsync(connection, path, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        var entry = await StatAsync(path, lane, cancellationToken);
        if (entry is { Kind: RemoteKind.Symlink, LinkTarget: { } target })
            return target;
        throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Reading the link", path, null);
    }

    /// <inheritdoc/>
    public ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        if (_site.Avbl != FtpSupport.Yes)
            return new ValueTask<RemoteSpace?>((RemoteSpace?)null);
        return _pool.RunAsync<RemoteSpace?>(
            lane,
            repeatable: true,
            async (connection, token) =>
            {
                var reply = await connection.ExchangeAsync(_site.Command("AVBL", path), token);
                if (reply.Code.IsUnknownCommand)
                    _site.Avbl = FtpSupport.No;
                return FtpStat.ReadSize(reply) is { } bytes ? new RemoteSpace(null, bytes) : null;
            },
            cancellationToken);
    }
}
