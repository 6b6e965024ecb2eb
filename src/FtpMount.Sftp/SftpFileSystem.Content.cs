using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;
using FtpMount.Sftp.Transfers;

namespace FtpMount.Sftp;

/// <content>Reading and storing content.</content>
public sealed partial class SftpFileSystem
{
    /// <inheritdoc/>
    public async ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0);
        var bytes = _site.Encode(path);
        if (_openFiles.Take(path) is { } kept)
        {
            var reader = NewReader();
            try
            {
                if (await reader.TryResumeAsync(kept, cancellationToken).ConfigureAwait(false))
                    return reader;
            }
            catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut && !kept.Handle.Connection.IsAlive)
            {
                // It is opened on another connection.
            }
            catch
            {
                await reader.DisposeAsync().ConfigureAwait(false);
                throw;
            }

            await reader.DisposeAsync().ConfigureAwait(false);
        }

        return await _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var reader = NewReader();
                try
                {
                    if (await reader.TryOpenAsync(connection, token).ConfigureAwait(false) is { } status)
                        throw await OpenRefusalAsync(connection, "Reading", path, bytes, status, token).ConfigureAwait(false);
                    return (IRemoteReader)reader;
                }
                catch
                {
                    await reader.DisposeAsync().ConfigureAwait(false);
                    throw;
                }
            },
            cancellationToken).ConfigureAwait(false);

        SftpReader NewReader() => new(_connections, _site, _openFiles, path, bytes, lane, offset, length);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// When the link is lost and the content can be read again from an earlier position, the store goes on where the server has confirmed it; an append cannot, because its place is
    /// the server's secret.
    /// </remarks>
    public async ValueTask<long> StoreAsync(
        RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var bytes = _site.Encode(path);
        _openFiles.Forget(path);
        var writer = new SftpWriter(_connections, _site, path, bytes, content, progress);
        await using (writer.ConfigureAwait(false))
        {
            var handle = await _connections.RunAsync(
                lane,
                isRepeatable: true,
                async (connection, _, token) =>
                {
                    var (opened, status) = await connection.OpenAsync(bytes, SftpWriter.FlagsFor(mode), default, token).ConfigureAwait(false);
                    return opened ?? throw await OpenRefusalAsync(connection, "Storing", path, bytes, status, token).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
            var sent = await writer.SendAsync(handle, mode, mode is StoreMode.Resume or StoreMode.Patch ? offset : 0, lane, cancellationToken).ConfigureAwait(false);
            if (writer.LengthOnServer is { } length)
                _openFiles.NoteStored(path, length);
            return sent;
        }
    }

    private async ValueTask<RemoteException> OpenRefusalAsync(
        SftpConnection connection, string what, RemotePath path, byte[] bytes, SftpStatus status, CancellationToken cancellationToken)
    {
        var error = SftpErrorMapping.Classify(status);
        if (error is null or RemoteError.AccessDenied)
        {
            var (attributes, _) = await connection.AttributesAsync(SftpPacketType.Stat, bytes, cancellationToken).ConfigureAwait(false);
            if (attributes is { } found && SftpEntry.KindOf(found) == RemoteKind.Directory)
                error = RemoteError.IsADirectory;
        }

        error = await CorrectForParentAsync(connection, path, error, cancellationToken).ConfigureAwait(false);
        return SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path.Parent, cancellationToken).ConfigureAwait(false), what, path, status);
    }
}
