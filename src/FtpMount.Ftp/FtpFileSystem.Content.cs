using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;
using FtpMount.Remote.Pool;

namespace FtpMount.Ftp;

/// <content>Reading and storing content.</content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    public ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0);
        return BeginAsync(lane, (lease, token) => OpenReadAsync(lease, path, offset, length, lane, token), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<long> StoreAsync(
        RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (mode is StoreMode.Patch or StoreMode.Resume && offset > 0 && _site.RestartStore == FtpSupport.No)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Storing a part of", path, null);
        if (mode == StoreMode.Patch && offset == 0)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Replacing the beginning of", path, null); // STOR without REST cuts off the rest
        await RejectNameThatIsNotKeptAsync(path, lane, cancellationToken);
        if (mode == StoreMode.Patch)
            await EnsurePatchesAsync(path, lane, cancellationToken);

        // Nothing of the content has been touched while the transfer is being opened, so that may be tried again.
        var (lease, transfer) = await BeginAsync(
            lane, async (lease, token) => (lease, await OpenStoreAsync(lease.Connection, path, mode, offset, token)), cancellationToken);
        await using (lease)
        {
            var (reply, sent) = await FtpStore.SendAsync(transfer, content, lane, progress, lease.Connection.PrepareTransferAsync, cancellationToken);
            if (reply.Code.IsCompletion)
                return sent;

            throw lease.Connection.IsUsable
                ? await StoreRefusalAsync(lease.Connection, path, reply, cancellationToken)
                : FtpErrorMapping.Failure(FtpErrorMapping.Classify(reply) ?? RemoteError.ServerFailure, "Storing", path, reply);
        }
    }

    private async ValueTask<IRemoteReader> OpenReadAsync(
        ConnectionLease<FtpConnection> lease, RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken)
    {
        var connection = lease.Connection;
        var retrieve = _site.Command("RETR", path);
        var compresses = CompressionChoice.OfDownload(connection, path, length);
        if (length is > 0 && _site.Rang == FtpSupport.Yes)
        {
            // ProFTPD: exactly these bytes, and a good end after them. It refuses a range that goes past the end of the file.
            var ranged = await connection.OpenTransferAsync(
                new FtpTransferRequest { Command = retrieve, Restart = offset, RangeLength = length, Compresses = compresses }, cancellationToken);
            if (ranged.Transfer is { } exact)
                return new FtpRetrieve(lease, exact, path, offset, length, lane);
            if (ranged.RestartRefused && ranged.Reply.Code.IsUnknownCommand)
                _site.Rang = FtpSupport.No;
            if (!ranged.RestartRefused && ranged.Reply.Code != FtpReplyCode.InvalidRestart)
                throw await ReadRefusalAsync(connection, path, ranged.Reply, cancellationToken);
        }

        var opening = await connection.OpenTransferAsync(new FtpTransferRequest { Command = retrieve, Restart = offset, Compresses = compresses }, cancellationToken);
        if (opening.Transfer is { } transfer)
            return new FtpRetrieve(lease, transfer, path, offset, length, lane);
        if (offset > 0 && !opening.RestartRefused && connection.IsUsable)
        {
            // Many servers refuse a position at or past the end.
            var entry = await FtpStat.StatAsync(connection, path, cancellationToken);
            if (entry is { Kind: RemoteKind.File, Size: { } size } && size <= offset)
            {
                await lease.DisposeAsync();
                return new EmptyReader(offset);
            }
        }

        if (opening.RestartRefused)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Reading from the middle of", path, opening.Reply);
        throw await ReadRefusalAsync(connection, path, opening.Reply, cancellationToken);
    }

    private static async ValueTask<RemoteException> ReadRefusalAsync(
        FtpConnection connection, RemotePath path, FtpReply reply, CancellationToken cancellationToken)
    {
        var error = FtpErrorMapping.Classify(reply);
        if (error is null or RemoteError.NotFound or RemoteError.Busy && connection.IsUsable)
        {
            error = await FtpStat.ProbeAsync(connection, path, cancellationToken) switch
            {
                FtpPathState.Missing => RemoteError.NotFound,
                FtpPathState.Directory => RemoteError.IsADirectory,
                FtpPathState.Denied => RemoteError.AccessDenied,
                _ => error == RemoteError.Busy ? RemoteError.Busy : RemoteError.AccessDenied,
            };
        }

        return FtpErrorMapping.Failure(error ?? RemoteError.ServerFailure, "Reading", path, reply);
    }

    private async ValueTask<FtpDataTransfer> OpenStoreAsync(
        FtpConnection connection, RemotePath path, StoreMode mode, long offset, CancellationToken cancellationToken)
    {
        var opening = await connection.OpenTransferAsync(
            new FtpTransferRequest
            {
                Command = _site.Command(mode == StoreMode.Append ? "APPE" : "STOR", path),
                Restart = mode is StoreMode.Resume or StoreMode.Patch ? offset : 0,
                Stores = true,
            },
            cancellationToken);
        if (opening.Transfer is { } transfer)
            return transfer;
        // ProFTPD with AllowStoreRestart off: 451; HiddenStores: 501.
        if (mode is StoreMode.Resume or StoreMode.Patch && offset > 0 && (opening.RestartRefused || opening.Reply.Code.Value is 451 or 501 or 504 or 554))
        {
            if (opening.Reply.Code != FtpReplyCode.InvalidRestart)
                _site.RestartStore = FtpSupport.No;
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Resuming the store of", path, opening.Reply);
        }

        throw await StoreRefusalAsync(connection, path, opening.Reply, cancellationToken);
    }

    private static async ValueTask<RemoteException> StoreRefusalAsync(
        FtpConnection connection, RemotePath path, FtpReply reply, CancellationToken cancellationToken)
    {
        var error = FtpErrorMapping.Classify(reply);
        if (error is null && connection.IsUsable)
        {
            error = await FtpStat.ProbeAsync(connection, path, cancellationToken) switch
            {
                FtpPathState.Directory => RemoteError.IsADirectory,
                FtpPathState.File => RemoteError.AccessDenied,
                FtpPathState.Denied => RemoteError.AccessDenied,
                _ => await FtpStat.ParentErrorAsync(connection, path, cancellationToken),
            };
        }

        return FtpErrorMapping.Failure(error ?? RemoteError.ServerFailure, "Storing", path, reply);
    }
}
