using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>
/// Room on the server: AVBL (draft-peterson-streamlined-ftp-command-extensions) and SITE DF tell what is free, XQUOTA and ProFTPD's SITE QUOTA what the user may still store. A server
/// without them, or a user without a quota, leaves it unknown.
/// </content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    public ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        if (_site.Avbl != FtpSupport.Yes && _site.Xquota != FtpSupport.Yes && _site.SiteQuota == FtpSupport.No && _site.SiteDf == FtpSupport.No)
            return new ValueTask<RemoteSpace?>((RemoteSpace?)null);
        return _pool.RunAsync(lane, repeatable: true, (connection, token) => AskSpaceAsync(connection, path, token), cancellationToken);
    }

    private async ValueTask<RemoteSpace?> AskSpaceAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        if (_site.Avbl == FtpSupport.Yes)
        {
            var reply = await connection.ExchangeAsync(_site.Command("AVBL", path), cancellationToken);
            if (reply.Code.IsUnknownCommand)
                _site.Avbl = FtpSupport.No;
            if (FtpStat.ReadSize(reply) is { } bytes)
                return new RemoteSpace(null, bytes);
        }

        if (_site.Xquota == FtpSupport.Yes)
        {
            var reply = await connection.ExchangeAsync(new FtpCommand("XQUOTA"), cancellationToken);
            if (reply.Code.IsUnknownCommand)
                _site.Xquota = FtpSupport.No;
            if (QuotaReply.TryParse(reply, out var space))
                return space;
        }

        if (_site.SiteQuota != FtpSupport.No)
        {
            var reply = await connection.ExchangeAsync(new FtpCommand("SITE QUOTA"), cancellationToken);
            if (QuotaReply.TryParse(reply, out var space))
            {
                _site.SiteQuota = FtpSupport.Yes;
                return space;
            }

            // ProFTPD without a quota for this user says 202 "No quotas in effect"; that does not change before the next login.
            if (reply.Code.IsNegative || reply.Code == FtpReplyCode.Superfluous)
                _site.SiteQuota = FtpSupport.No;
        }

        if (_site.SiteDf != FtpSupport.No)
        {
            var reply = await connection.ExchangeAsync(_site.Command("SITE DF", path), cancellationToken);
            if (DiskReply.TryParse(reply, out var space))
            {
                _site.SiteDf = FtpSupport.Yes;
                return space;
            }

            if (_site.SiteDf == FtpSupport.Unknown)
                _site.SiteDf = FtpSupport.No;
        }

        return null;
    }
}
