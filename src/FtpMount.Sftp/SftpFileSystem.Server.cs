using System.Text;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp;

/// <content>What the server does by itself: copies, checksums, bringing files to its disk.</content>
public sealed partial class SftpFileSystem
{
    private static readonly (ChecksumAlgorithm Algorithm, string Name, int Length)[] CheckFileAlgorithms =
    [
        (ChecksumAlgorithm.Sha256, "sha256", 32),
        (ChecksumAlgorithm.Sha1, "sha1", 20),
        (ChecksumAlgorithm.Md5, "md5", 16),
        (ChecksumAlgorithm.Crc32, "crc32", 4),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<ChecksumAlgorithm> Checksums => _site.Has(SftpExtensions.CheckFileName) ? [ChecksumAlgorithm.Sha256, ChecksumAlgorithm.Sha1, ChecksumAlgorithm.Md5] : [];

    /// <inheritdoc/>
    /// <remarks>check-file-name (draft-ietf-secsh-filexfer-extensions-00 section 3): one checksum over the whole file.</remarks>
    public ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(RemotePath path, ChecksumAlgorithm algorithm, long size, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Computing a checksum of";
        var (_, name, length) = Array.Find(CheckFileAlgorithms, known => known.Algorithm == algorithm);
        if (name is null || !_site.Has(SftpExtensions.CheckFileName))
            throw SftpErrorMapping.Failure(RemoteError.Unsupported, What, path, null);
        var bytes = _site.Encode(path);
        return _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                // Offset, length (0: to the end), block size (0: one for all).
                using var request = connection.Rent(SftpExtensionNames.CheckFileName).Write(bytes).Write(Encoding.ASCII.GetBytes(name)).Write(0UL).Write(0UL).Write(0U);
                await connection.SendAsync(request, token).ConfigureAwait(false);
                if (!SftpStatus.IsAnswered(request, SftpPacketType.ExtendedReply, out var status))
                {
                    var error = SftpErrorMapping.Classify(status) ?? RemoteError.Unsupported;
                    if (error == RemoteError.InvalidName || await connection.KindAsync(bytes, token).ConfigureAwait(false) == RemoteKind.Directory)
                        error = error == RemoteError.InvalidName ? RemoteError.Unsupported : RemoteError.IsADirectory;
                    throw SftpErrorMapping.Failure(error, What, path, status);
                }

                return ReadChecksum(request, length, What, path);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>copy-data (draft-ietf-secsh-filexfer-extensions-00 section 6; OpenSSH PROTOCOL section 4.9) between two handles of one connection.</remarks>
    public async ValueTask CopyAsync(RemotePath source, RemotePath target, long size, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Copying to";
        if (!_site.Has(SftpExtensions.CopyData))
            throw SftpErrorMapping.Failure(RemoteError.Unsupported, What, target, null);
        var from = _site.Encode(source);
        var to = _site.Encode(target);
        await _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, isAgain, token) =>
            {
                var (reading, status) = await connection.OpenAsync(from, SftpOpenFlags.Read, default, token).ConfigureAwait(false);
                if (reading is null)
                    throw await OpenRefusalAsync(connection, "Copying", source, from, status, token).ConfigureAwait(false);
                SftpFileHandle? writing = null;
                try
                {
                    var flags = SftpOpenFlags.Write | SftpOpenFlags.Create | (isAgain ? SftpOpenFlags.Truncate : SftpOpenFlags.Exclusive);
                    (writing, status) = await connection.OpenAsync(to, flags, default, token).ConfigureAwait(false);
                    if (writing is null)
                        throw await MakingRefusalAsync(connection, What, target, to, status, token).ConfigureAwait(false);

                    // From offset, length (0: to the end), to offset.
                    using var copy = connection.Rent(SftpExtensionNames.CopyData)
                        .Write(reading.Bytes).Write(0UL).Write(0UL).Write(writing.Bytes).Write(0UL);
                    copy.AllowLongWait();
                    await connection.SendAsync(copy, token).ConfigureAwait(false);
                    status = SftpStatus.Of(copy);
                    if (!status.IsOk)
                        throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? await WhyNotChangedAsync(connection, target.Parent, token).ConfigureAwait(false), What, target, status);
                    return true;
                }
                finally
                {
                    reading.Close();
                    writing?.Close();
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// fsync@openssh.com (OpenSSH PROTOCOL section 4.6). Any handle of the file will do: one for reading first, because programs take the write permission away before they
    /// sync (git does), then one for writing, for files that may only be written.
    /// </remarks>
    public async ValueTask SyncFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        if (!_site.Has(SftpExtensions.Fsync))
            return;
        var bytes = _site.Encode(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var (handle, status) = await connection.OpenAsync(bytes, SftpOpenFlags.Read, default, token).ConfigureAwait(false);
                if (handle is null && SftpErrorMapping.Classify(status) is RemoteError.AccessDenied)
                    (handle, status) = await connection.OpenAsync(bytes, SftpOpenFlags.Write, default, token).ConfigureAwait(false);
                if (handle is null)
                    throw await OpenRefusalAsync(connection, "Syncing", path, bytes, status, token).ConfigureAwait(false);
                try
                {
                    using var sync = connection.Rent(SftpExtensionNames.Fsync).Write(handle.Bytes);
                    sync.AllowLongWait();
                    await connection.SendAsync(sync, token).ConfigureAwait(false);
                    status = SftpStatus.Of(sync);
                    return status.IsOk ? true : throw Refusal("Syncing", path, status);
                }
                finally
                {
                    handle.Close();
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static ReadOnlyMemory<byte> ReadChecksum(SftpRequest request, int length, string what, RemotePath path)
    {
        var reader = new SftpPacketReader(request.Body);
        // The draft names the algorithm first; ProFTPD says "check-file" before that.
        var first = reader.ReadString();
        if (first.SequenceEqual(SftpExtensionNames.CheckFile))
            reader.ReadString();
        var digest = new byte[length];
        for (var i = 0; i < length; i++)
        {
            if (reader.IsAtEnd)
                throw SftpErrorMapping.Failure(RemoteError.ProtocolViolation, what, path, null);
            digest[i] = reader.ReadByte();
        }

        return reader.IsAtEnd ? digest : throw SftpErrorMapping.Failure(RemoteError.ProtocolViolation, what, path, null);
    }
}
