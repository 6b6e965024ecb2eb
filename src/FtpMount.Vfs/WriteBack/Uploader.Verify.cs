using FtpMount.Remote;
using FtpMount.Vfs.Content;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// Whether what arrived is what was sent. The size is always compared; with <see cref="VfsOptions.VerifyChecksums"/> also a checksum, where the server computes one. Ours is
/// taken of the bytes as they are sent.
/// </content>
internal sealed partial class Uploader
{
    private bool _saidThatThereAreNone;

    /// <summary>A checksum to be taken of content of this length; null when none can be compared.</summary>
    private ContentChecksum? NewChecksum(long length)
    {
        if (length == 0)
            return null;
        if (_remote.Checksums is not [var strongest, ..])
        {
            if (_options.VerifyChecksums && !_saidThatThereAreNone)
                _logger.LogWarning("The server computes no checksums: of what is uploaded only the size is compared");
            _saidThatThereAreNone = true;
            return null;
        }

        return ContentChecksum.Create(strongest);
    }

    /// <summary>Lets the server compute its checksum and compares.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ServerFailure"/>: they differ. Or the link was lost.</exception>
    private async Task CompareAsync(RemotePath path, StoredChecksum expected, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> stored;
        try
        {
            stored = await _remote.GetChecksumAsync(path, expected.Algorithm, expected.Size, Lane.Write, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied or RemoteError.ProtocolViolation)
        {
            _logger.LogWarning("'{Path}' is uploaded, but the server does not tell its checksum: {Reason}", path, e.Message);
            return;
        }

        if (!stored.Span.SequenceEqual(expected.Value))
        {
            throw new RemoteException(
                RemoteError.ServerFailure,
                $"What the server stored as '{path}' has the {expected.Algorithm} {Convert.ToHexStringLower(stored.Span)}; what was sent has {Convert.ToHexStringLower(expected.Value)}.")
            { Path = path };
        }
    }
}
