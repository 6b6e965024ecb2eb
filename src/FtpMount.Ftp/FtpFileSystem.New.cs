using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>Storing new, small files.</content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    /// <remarks>
    /// Four round trips where the rename of a temporary file makes it six: whether something is there is asked in the packet of the data command, and STOR follows its answer; the content;
    /// then size, time, mode and the look at the result in one packet, which does not wait for the final reply.
    /// </remarks>
    public async ValueTask<RemoteEntry> StoreNewAsync(
        RemotePath path, Stream content, RemoteAttributeChange change, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(change);
        await RejectNameThatIsNotKeptAsync(path, lane, cancellationToken);
        var isAgain = false;
        var (lease, transfer) = await BeginAsync(
            lane,
            async (lease, token) =>
            {
                var wasBegun = isAgain;
                isAgain = true;
                return (lease, await OpenNewAsync(lease.Connection, path, wasBegun, token));
            },
            cancellationToken);
        await using (lease)
        {
            var connection = lease.Connection;
            Preparation? preparation = null;
            var isAhead = false;
            var (reply, sent) = await FtpStore.SendAsync(
                transfer,
                content,
                lane,
                progress,
                async () =>
                {
                    await connection.PrepareTransferAsync();
                    preparation = Prepare(path, change, FtpStat.QuickCommands(_site, path));
                    isAhead = connection.BearsCommandsBeforeFinalReply && !_site.Mangles(path.Value);
                    if (isAhead)
                        await connection.SendAheadAsync(preparation.Commands, cancellationToken);
                },
                cancellationToken);
            var replies = isAhead ? await connection.ReadOwedAsync(preparation!.Commands.Length, cancellationToken) : null;
            if (!reply.Code.IsCompletion)
            {
                throw lease.Connection.IsUsable
                    ? await StoreRefusalAsync(lease.Connection, path, reply, cancellationToken)
                    : FtpErrorMapping.Failure(FtpErrorMapping.Classify(reply) ?? RemoteError.ServerFailure, "Storing", path, reply);
            }

            replies ??= await connection.ExchangeAsync(preparation!.Commands, cancellationToken);
            var looked = await ConcludeAsync(connection, path, sent, change, preparation!, replies, cancellationToken);
            return (looked is null ? null : FtpStat.ReadQuick(_site, looked, path)) ?? await FtpStat.StatAsync(lease.Connection, path, cancellationToken);
        }
    }

    private async ValueTask<FtpDataTransfer> OpenNewAsync(FtpConnection connection, RemotePath path, bool wasBegun, CancellationToken cancellationToken)
    {
        var asksAlong = _site.Mlst == FtpSupport.Yes || (_site.Mlst == FtpSupport.No && _site.Size == FtpSupport.Yes);
        if (!asksAlong && (await FtpStat.LookAsync(connection, path, cancellationToken)).Entry is not null)
            throw Present(path, null, wasBegun);
        var opening = await connection.OpenTransferAsync(
            new FtpTransferRequest { Command = _site.Command("STOR", path), Stores = true, Absent = asksAlong ? path : null }, cancellationToken);
        if (opening.Transfer is { } transfer)
            return transfer;
        throw opening.IsPresent ? Present(path, opening.Reply, wasBegun) : await StoreRefusalAsync(connection, path, opening.Reply, cancellationToken);
    }

    /// <summary>What is found after a first attempt was cut off may be what that has left: the caller must not take it for somebody else's.</summary>
    private static RemoteException Present(RemotePath path, FtpReply? reply, bool wasBegun) =>
        FtpErrorMapping.Failure(wasBegun ? RemoteError.Offline : RemoteError.AlreadyExists, "Storing", path, reply);
}
