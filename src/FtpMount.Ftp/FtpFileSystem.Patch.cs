using FtpMount.Ftp.Session;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>
/// Replacing a part of a file: REST and STOR. RFC 3659 section 5 leaves open what becomes of what follows the part: vsftpd, ProFTPD and pyftpdlib keep it, Pure-FTPd cuts it
/// off, and a STOR from the beginning does so everywhere. So it is tried first, once per site, on a small file made for it.
/// </content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    public async ValueTask<bool> CanPatchAsync(RemotePath trial, Lane lane, CancellationToken cancellationToken)
    {
        if (_site.RestartStore == FtpSupport.No)
            return false;
        await ProbePatchAsync(trial, lane, cancellationToken);
        return _site.Patch == FtpSupport.Yes;
    }

    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>: this server does not.</exception>
    private async ValueTask EnsurePatchesAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        await ProbePatchAsync(path.Parent.Combine(".ftpmount-" + Guid.NewGuid().ToString("N")[..12] + ".probe"), lane, cancellationToken);
        if (_site.Patch != FtpSupport.Yes)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Replacing a part of", path, null);
    }

    private async ValueTask ProbePatchAsync(RemotePath probe, Lane lane, CancellationToken cancellationToken)
    {
        if (_site.Patch == FtpSupport.Unknown)
        {
            try
            {
                await StoreProbeAsync(probe, "abc"u8.ToArray(), 0, lane, cancellationToken);
                await StoreProbeAsync(probe, "X"u8.ToArray(), 1, lane, cancellationToken);
                _site.Patch = await ReadProbeAsync(probe, lane, cancellationToken) == "aXc" ? FtpSupport.Yes : FtpSupport.No;
            }
            catch (RemoteException e) when (e.Error == RemoteError.Unsupported)
            {
                _site.Patch = FtpSupport.No;
            }
            finally
            {
                await RemoveProbeAsync(probe, lane);
            }
        }
    }

    private async ValueTask StoreProbeAsync(RemotePath probe, byte[] content, long offset, Lane lane, CancellationToken cancellationToken)
    {
        var (lease, transfer) = await BeginAsync(
            lane,
            async (lease, token) => (lease, await OpenStoreAsync(lease.Connection, probe, offset == 0 ? StoreMode.Whole : StoreMode.Patch, offset, token)),
            cancellationToken);
        await using (lease)
        {
            var (reply, _) = await FtpStore.SendAsync(transfer, new MemoryStream(content), lane, null, null, cancellationToken);
            if (!reply.Code.IsCompletion)
                throw FtpErrorMapping.Failure(FtpErrorMapping.Classify(reply) ?? RemoteError.Unsupported, "Trying to replace a part of", probe, reply);
        }
    }

    private async ValueTask<string> ReadProbeAsync(RemotePath probe, Lane lane, CancellationToken cancellationToken)
    {
        await using var reader = await OpenReadAsync(probe, 0, null, lane, cancellationToken);
        var buffer = new byte[16];
        var length = 0;
        while (length < buffer.Length && await reader.ReadAsync(buffer.AsMemory(length), cancellationToken) is > 0 and var count)
            length += count;
        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }

    /// <summary>Whatever became of the trial, its file goes; the caller's wish to stop does not keep it.</summary>
    private async ValueTask RemoveProbeAsync(RemotePath probe, Lane lane)
    {
        try
        {
            await DeleteFileAsync(probe, lane, CancellationToken.None);
        }
        catch (RemoteException)
        {
            // It was not made, or the link is gone.
        }
    }
}
