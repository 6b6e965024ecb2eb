using System.Buffers;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;
using FtpMount.Sftp.Transfers;

namespace FtpMount.Sftp;

/// <content>Storing new, small files.</content>
public sealed partial class SftpFileSystem
{
    private const int LargestNewRequest = 256 * 1024;

    /// <inheritdoc/>
    public int ParallelStores => ConcurrentCalls;

    /// <inheritdoc/>
    /// <remarks>
    /// Two round trips: OPEN with EXCL, which is the server's own check that nothing is there; then content, CLOSE, attributes and the look at the result together. The server takes
    /// them in order.
    /// </remarks>
    public ValueTask<RemoteEntry> StoreNewAsync(
        RemotePath path, Stream content, RemoteAttributeChange change, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(change);
        var bytes = _site.Encode(path);
        _openFiles.Forget(path);
        return _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                // What is there after a first run may be what that has left: the caller knows.
                if (isAgain)
                    throw new RemoteException(RemoteError.Offline, $"The link was lost while {SftpErrorMapping.Quote(path)} was being stored.") { Path = path };
                var (handle, status) = await connection
                    .OpenAsync(bytes, SftpOpenFlags.Write | SftpOpenFlags.Create | SftpOpenFlags.Exclusive, default, token)
                    .ConfigureAwait(false);
                if (handle is not null)
                    return await StoreNewAsync(connection, handle, path, bytes, content, change, progress, token).ConfigureAwait(false);
                if (await connection.KindAsync(bytes, token).ConfigureAwait(false) is not null)
                    throw SftpErrorMapping.Failure(RemoteError.AlreadyExists, "Storing", path, status);
                throw await OpenRefusalAsync(connection, "Storing", path, bytes, status, token).ConfigureAwait(false);
            },
            cancellationToken);
    }

    private async ValueTask<RemoteEntry> StoreNewAsync(
        SftpConnection connection,
        SftpFileHandle handle,
        RemotePath path,
        byte[] bytes,
        Stream content,
        RemoteAttributeChange change,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var requests = new List<SftpRequest>();
        var buffers = new List<byte[]>();
        var isSubmitted = false;
        try
        {
            var written = 0L;
            while (true)
            {
                var length = (int)Math.Min(Math.Min(connection.Limits.WriteLength, LargestNewRequest), Math.Max(1, content.Length - content.Position));
                var buffer = ArrayPool<byte>.Shared.Rent(length);
                buffers.Add(buffer);
                var count = await content.ReadAtLeastAsync(buffer.AsMemory(0, length), length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    break;
                requests.Add(connection.Rent(SftpPacketType.Write).WriteContent(handle.Bytes, written, buffer.AsMemory(0, count)));
                written += count;
            }

            var writes = requests.Count;
            requests.Add(connection.Ask(SftpPacketType.Close, handle.Bytes));
            var owner = change is { UserId: { } user, GroupId: { } group } && !_owners.IsLogin(user, group)
                ? new SftpAttributes { Owner = (_owners.UserThere(user), _owners.GroupThere(group)) }
                : default;
            if (owner != default)
                requests.Add(connection.Ask(SftpPacketType.Setstat, bytes).Write(owner));
            var attributes = WithoutOwner(change, accessed: _site.Time.GetUtcNow());
            if (attributes != default)
                requests.Add(connection.Ask(SftpPacketType.Setstat, bytes).Write(attributes));
            requests.Add(connection.Ask(SftpPacketType.Lstat, bytes));
            isSubmitted = true;
            connection.CountHandle(-1);
            connection.Submit([.. requests], SftpPriority.Bulk);
            foreach (var request in requests)
                await request.WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var request in requests.Take(writes + 1))
            {
                var status = SftpStatus.Of(request);
                if (!status.IsOk)
                    throw await SftpWriter.RefusalAsync(connection, _site, path, bytes, status, cancellationToken).ConfigureAwait(false);
            }

            progress?.Report(written);
            var (found, missing) = SftpCalls.ReadAttributes(requests[^1]);
            if (found is not { } there)
                throw Refusal("Looking at", path, missing);
            return there.Size is { } size && size != (ulong)written
                ? throw new RemoteException(RemoteError.ServerFailure, $"The server holds {size} of the {written} bytes sent to {SftpErrorMapping.Quote(path)}. It must be sent again.") { Path = path }
                : SftpEntry.From(path.Name, there, _owners);
        }
        finally
        {
            if (!isSubmitted)
                handle.Close();

            // A buffer is free only when its request has ended: the transport may still be sending it.
            foreach (var request in requests)
            {
                request.GiveUp(new OperationCanceledException());
                await request.SettleAsync().ConfigureAwait(false);
                request.Dispose();
            }

            foreach (var buffer in buffers)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
