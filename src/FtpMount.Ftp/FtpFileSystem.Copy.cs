using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>Copying on the server: SITE CPFR and SITE CPTO (ProFTPD's mod_copy), in the manner of RNFR and RNTO.</content>
public sealed partial class FtpFileSystem
{
    /// <summary>A server that copies or reads slower than this on its own disk is given up.</summary>
    private const double SlowestDisk = 20e6;

    /// <summary>Names of Linux file systems have 255 bytes at most.</summary>
    private const int TooLongForAName = 300;

    /// <inheritdoc/>
    public ValueTask CopyAsync(RemotePath source, RemotePath target, long size, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (_site.SiteCopy == FtpSupport.No)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Copying", source, null);
        return _pool.RunAsync(lane, repeatable: false, (connection, token) => CopyAsync(connection, source, target, size, token), cancellationToken);
    }

    private async ValueTask CopyAsync(FtpConnection connection, RemotePath source, RemotePath target, long size, CancellationToken cancellationToken)
    {
        // A CPFR that no CPTO followed (FtpStat sends one) stays, and ProFTPD would copy its file whatever CPFR comes later. A CPTO that fails takes it away. This one always fails,
        // also after a CPFR of a directory (for which ProFTPD makes the directories above the target): no file system takes a name so long.
        var nowhere = RemotePath.Root.Combine(new string('-', TooLongForAName));
        FtpReply[] replies = await connection.ExchangeAsync([_site.Command("SITE CPTO", nowhere), _site.Command("SITE CPFR", source)], cancellationToken);
        var from = replies[1];
        if (!from.Code.IsIntermediate)
        {
            if (from.Code.IsUnknownCommand || from.Code == FtpReplyCode.BadParameters)
                _site.SiteCopy = FtpSupport.No;
            throw _site.SiteCopy == FtpSupport.No
                ? FtpErrorMapping.Failure(RemoteError.Unsupported, "Copying", source, from)
                : await RefusalAsync(connection, "Copying", source, from, FtpPathState.Directory, RemoteError.IsADirectory, cancellationToken);
        }

        var to = await connection.ExchangeAsync(_site.Command("SITE CPTO", target), PatienceFor(size), cancellationToken);
        if (to.Code.IsCompletion)
        {
            _site.SiteCopy = FtpSupport.Yes;
            return;
        }

        var error = to.Code.IsUnknownCommand ? RemoteError.Unsupported
            : FtpErrorMapping.Classify(to) is { } told and not RemoteError.NotFound ? told
            : await FtpStat.ParentErrorAsync(connection, target, cancellationToken);
        throw FtpErrorMapping.Failure(error, "Copying to", target, to);
    }

    /// <summary>How long the server may be silent over work on a file of this size.</summary>
    private TimeSpan PatienceFor(long size) => _site.Options.Timeout + TimeSpan.FromSeconds(size / SlowestDisk);
}
