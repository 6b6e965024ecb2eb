using System.Globalization;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>Setting attributes.</content>
public sealed partial class FtpFileSystem
{
    private enum TimeCommand
    {
        None,
        Mfmt,
        Mdtm,
        UtimeTriple,
        Utime,
    }

    private enum ModeCommand
    {
        None,
        Chmod,
        Mff,
    }

    /// <summary>The commands for the modification time: MFMT (draft-somers-ftp-mfxx), MDTM with a time before the path (vsftpd, Serv-U), SITE UTIME.</summary>
    private TimeCommand BestTimeCommand => TimeCommandAfter(TimeCommand.None);

    /// <summary>The commands for permission bits: SITE CHMOD, or MFF with UNIX.mode (draft-somers-ftp-mfxx).</summary>
    private ModeCommand BestModeCommand => ModeCommandAfter(ModeCommand.None);

    /// <inheritdoc/>
    /// <remarks>
    /// FTP has no access time: <see cref="RemoteAttributeChange.Accessed"/> is ignored beside <see cref="RemoteAttributeChange.Modified"/>, and unsupported alone;
    /// the size cannot be set.
    /// </remarks>
    public ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Created is not null && _site.Mfct == FtpSupport.No)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Setting the creation time of", path, null);
        if (change.Size is not null || change is { Accessed: not null, Modified: null, Created: null })
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Setting attributes of", path, null);
        return _pool.RunAsync(
            lane,
            repeatable: true,
            async (connection, token) =>
            {
                // The mode last: a mode without write permission must not keep the time from being set, and both go in one packet.
                var time = change.Modified is null ? TimeCommand.None : BestTimeCommand;
                var mode = change.Mode is null ? ModeCommand.None : BestModeCommand;
                if ((change.Modified is not null && time == TimeCommand.None) || (change.Mode is not null && mode == ModeCommand.None))
                    throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Setting attributes of", path, null);
                // The group before the owner: who gives a file away may not change it any more.
                if (change.GroupId is { } group)
                    await SetGroupAsync(connection, path, group, token);
                await SetAsync(connection, path, change, time, mode, token);
                if (change.Created is { } created)
                    await SetCreatedAsync(connection, path, created, token);
                if (change.UserId is { } user)
                    await SetOwnerAsync(connection, path, user, token);
            },
            cancellationToken);
    }

    private async ValueTask SetCreatedAsync(FtpConnection connection, RemotePath path, DateTimeOffset created, CancellationToken cancellationToken)
    {
        var reply = await connection.ExchangeAsync(_site.Command("MFCT " + FtpTime.Format(created), path), cancellationToken);
        if (reply.Code.IsUnknownCommand)
            _site.Mfct = FtpSupport.No;
        if (!reply.Code.IsCompletion)
            throw await AttributeRefusalAsync(connection, path, reply, cancellationToken);
    }

    private ValueTask SetGroupAsync(FtpConnection connection, RemotePath path, uint group, CancellationToken cancellationToken) =>
        SetOwnershipAsync(
            connection,
            path,
            [
                (_site.Command(string.Create(CultureInfo.InvariantCulture, $"MFF UNIX.group={group};"), path), _site.MffGroup, support => _site.MffGroup = support),
                (_site.Command(string.Create(CultureInfo.InvariantCulture, $"SITE CHGRP {group}"), path), _site.SiteChgrp, support => _site.SiteChgrp = support),
            ],
            cancellationToken);

    private ValueTask SetOwnerAsync(FtpConnection connection, RemotePath path, uint user, CancellationToken cancellationToken) =>
        SetOwnershipAsync(
            connection,
            path,
            [
                (_site.Command(string.Create(CultureInfo.InvariantCulture, $"MFF UNIX.owner={user};"), path), _site.MffOwner, support => _site.MffOwner = support),
                (_site.Command(string.Create(CultureInfo.InvariantCulture, $"SITE CHOWN {user}"), path), _site.SiteChown, support => _site.SiteChown = support),
            ],
            cancellationToken);

    /// <summary>Sets owner or group with the first command that the server has.</summary>
    private static async ValueTask SetOwnershipAsync(
        FtpConnection connection, RemotePath path, (FtpCommand Command, FtpSupport Support, Action<FtpSupport> Learn)[] ways, CancellationToken cancellationToken)
    {
        FtpReply? missing = null;
        foreach (var way in ways.Where(way => way.Support != FtpSupport.No))
        {
            var reply = await connection.ExchangeAsync(way.Command, cancellationToken);
            if (reply.Code.IsUnknownCommand || reply.Code == FtpReplyCode.BadParameters)
            {
                way.Learn(FtpSupport.No);
                missing = reply;
                continue;
            }

            if (reply.Code.IsCompletion)
            {
                way.Learn(FtpSupport.Yes);
                return;
            }

            // A server that has the command and does not say why: what is there may not be given away.
            var error = FtpErrorMapping.Classify(reply)
                ?? (await FtpStat.ProbeAsync(connection, path, cancellationToken) == FtpPathState.Missing ? RemoteError.NotFound : RemoteError.AccessDenied);
            throw FtpErrorMapping.Failure(error, "Setting the owner of", path, reply);
        }

        throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Setting the owner of", path, missing);
    }

    private TimeCommand TimeCommandAfter(TimeCommand tried) =>
        tried < TimeCommand.Mfmt && _site.Mfmt != FtpSupport.No ? TimeCommand.Mfmt
        : tried < TimeCommand.Mdtm && _site.MdtmSet != FtpSupport.No ? TimeCommand.Mdtm
        : tried < TimeCommand.UtimeTriple && _site.SiteUtimeTriple != FtpSupport.No ? TimeCommand.UtimeTriple
        : tried < TimeCommand.Utime && _site.SiteUtime != FtpSupport.No ? TimeCommand.Utime
        : TimeCommand.None;

    private ModeCommand ModeCommandAfter(ModeCommand tried) =>
        tried < ModeCommand.Chmod && _site.SiteChmod != FtpSupport.No ? ModeCommand.Chmod
        : tried < ModeCommand.Mff && _site.MffMode != FtpSupport.No ? ModeCommand.Mff
        : ModeCommand.None;

    /// <summary>Sets time and mode, each with the next command as long as one turns out to be missing.</summary>
    private async ValueTask SetAsync(
        FtpConnection connection, RemotePath path, RemoteAttributeChange change, TimeCommand time, ModeCommand mode, CancellationToken cancellationToken)
    {
        FtpReply? refusal = null;
        while (time != TimeCommand.None || mode != ModeCommand.None)
        {
            var commands = new List<FtpCommand>(2);
            if (time != TimeCommand.None)
                commands.Add(CommandFor(time, path, change.Modified!.Value));
            if (mode != ModeCommand.None)
                commands.Add(CommandFor(mode, path, change.Mode!.Value));
            var replies = await connection.ExchangeAsync([.. commands], cancellationToken);

            if (time == TimeCommand.Utime && replies[0].Code.IsCompletion)
                await CompareUtimeAsync(connection, path, change.Modified!.Value, cancellationToken);
            if (time != TimeCommand.None)
                time = NextTimeCommand(time, replies[0], ref refusal);
            if (mode != ModeCommand.None)
                mode = NextModeCommand(mode, replies[^1], ref refusal);
        }

        if (refusal is not null)
            throw await AttributeRefusalAsync(connection, path, refusal, cancellationToken);
    }

    /// <summary>
    /// SITE UTIME with one time names no zone: some servers take it for UTC, some for their local time. The first time is compared with MDTM, which is UTC, and set again
    /// where it is off by a time zone.
    /// </summary>
    private async ValueTask CompareUtimeAsync(FtpConnection connection, RemotePath path, DateTimeOffset modified, CancellationToken cancellationToken)
    {
        if (_site.UtimeOffset is not null || _site.Mdtm == FtpSupport.No)
            return;
        var shown = FtpStat.ReadTime(await connection.ExchangeAsync(_site.Command("MDTM", path), cancellationToken));
        if (shown is not { } time || FtpTimeZone.OffsetBetween(modified, time.Value) is not { } offset)
            return;
        _site.UtimeOffset = offset;
        if (offset != TimeSpan.Zero)
            await connection.ExchangeAsync(CommandFor(TimeCommand.Utime, path, modified), cancellationToken);
    }

    /// <summary>What to try after a reply: nothing when the time is set or refused, the next command when this one is missing.</summary>
    private TimeCommand NextTimeCommand(TimeCommand tried, FtpReply reply, ref FtpReply? refusal)
    {
        var verdict = Learn(tried, reply);
        if (verdict == AttributeVerdict.Done)
        {
            refusal = refusal?.Code == FtpReplyCode.FileUnavailable ? null : refusal;
            return TimeCommand.None;
        }

        var next = verdict == AttributeVerdict.Refused ? TimeCommand.None : TimeCommandAfter(tried);
        if (verdict != AttributeVerdict.Missing || next == TimeCommand.None)
            refusal ??= reply;
        return next;
    }

    private ModeCommand NextModeCommand(ModeCommand tried, FtpReply reply, ref FtpReply? refusal)
    {
        var verdict = Learn(tried, reply);
        if (verdict == AttributeVerdict.Done)
            return ModeCommand.None;
        var next = verdict == AttributeVerdict.Missing ? ModeCommandAfter(tried) : ModeCommand.None;
        if (next == ModeCommand.None)
            refusal ??= reply;
        return next;
    }

    private FtpCommand CommandFor(TimeCommand command, RemotePath path, DateTimeOffset modified)
    {
        var time = FtpTime.Format(modified);
        return command switch
        {
            TimeCommand.Mfmt => _site.Command("MFMT " + time, path),
            TimeCommand.Mdtm => _site.Command("MDTM " + time, path),
            // wu-ftpd's and Pure-FTPd's: access, modification and status change, and the zone.
            TimeCommand.UtimeTriple => new FtpCommand("SITE UTIME", _site.Encode(path), path, $" {time} {time} {time} UTC"),
            _ => _site.Command("SITE UTIME " + FtpTime.Format(modified + (_site.UtimeOffset ?? TimeSpan.Zero)), path),
        };
    }

    private FtpCommand CommandFor(ModeCommand command, RemotePath path, int mode)
    {
        var octal = Convert.ToString(mode & 0xFFF, 8).PadLeft(3, '0');
        return command == ModeCommand.Chmod
            ? _site.Command("SITE CHMOD " + octal, path)
            : _site.Command(string.Create(CultureInfo.InvariantCulture, $"MFF UNIX.mode={octal};"), path);
    }

    private AttributeVerdict Learn(TimeCommand command, FtpReply reply)
    {
        var missing = reply.Code.IsUnknownCommand || (command != TimeCommand.Mfmt && reply.Code == FtpReplyCode.BadParameters);
        var learned = missing ? FtpSupport.No : reply.Code.IsCompletion ? FtpSupport.Yes : FtpSupport.Unknown;
        var verdict = missing ? AttributeVerdict.Missing : reply.Code.IsCompletion ? AttributeVerdict.Done : AttributeVerdict.Refused;
        switch (command)
        {
            case TimeCommand.Mfmt:
                _site.Mfmt = learned == FtpSupport.Unknown ? _site.Mfmt : learned;
                break;
            case TimeCommand.Mdtm:
                // A server that does not know this form takes time and path for one name and says 550; so does vsftpd for a file that is not the user's.
                if (verdict == AttributeVerdict.Refused && _site.MdtmSet == FtpSupport.Unknown)
                    verdict = AttributeVerdict.Doubtful;
                _site.MdtmSet = learned == FtpSupport.Unknown ? _site.MdtmSet : learned;
                break;
            case TimeCommand.UtimeTriple:
                // A server that knows the other form only takes all of it for one name.
                if (verdict == AttributeVerdict.Refused && _site.SiteUtimeTriple == FtpSupport.Unknown)
                    verdict = AttributeVerdict.Doubtful;
                _site.SiteUtimeTriple = learned == FtpSupport.Unknown ? _site.SiteUtimeTriple : learned;
                break;
            default:
                _site.SiteUtime = learned == FtpSupport.Unknown ? _site.SiteUtime : learned;
                break;
        }

        return verdict;
    }

    private AttributeVerdict Learn(ModeCommand command, FtpReply reply)
    {
        // 501: some servers' way to say that they do not know the word after SITE.
        var missing = reply.Code.IsUnknownCommand || reply.Code == FtpReplyCode.BadParameters;
        var learned = missing ? FtpSupport.No : reply.Code.IsCompletion ? FtpSupport.Yes : FtpSupport.Unknown;
        if (command == ModeCommand.Chmod)
            _site.SiteChmod = learned == FtpSupport.Unknown ? _site.SiteChmod : learned;
        else
            _site.MffMode = learned == FtpSupport.Unknown ? _site.MffMode : learned;
        return missing ? AttributeVerdict.Missing : reply.Code.IsCompletion ? AttributeVerdict.Done : AttributeVerdict.Refused;
    }

    private async ValueTask<RemoteException> AttributeRefusalAsync(
        FtpConnection connection, RemotePath path, FtpReply reply, CancellationToken cancellationToken)
    {
        var error = reply.Code == FtpReplyCode.BadParameters ? RemoteError.Unsupported : FtpErrorMapping.Classify(reply);
        // "No such file" may be said of a name that begins with the time (inetutils-ftpd).
        if (error is null or RemoteError.NotFound)
        {
            var said = error;
            error = await FtpStat.ProbeAsync(connection, path, cancellationToken) switch
            {
                FtpPathState.Missing => RemoteError.NotFound,
                // vsftpd and pyftpdlib set the time of files only.
                FtpPathState.Directory when !reply.Mentions("chmod"u8) => RemoteError.Unsupported,
                FtpPathState.File when _site.Mfmt == FtpSupport.No && _site.MdtmSet == FtpSupport.Unknown && !reply.Mentions("chmod"u8) => DoubtMdtm(),
                _ => said is null ? RemoteError.AccessDenied : RemoteError.Unsupported,
            };
        }

        return FtpErrorMapping.Failure(error.Value, "Setting attributes of", path, reply);
    }

    private RemoteError DoubtMdtm()
    {
        _site.NoteMdtmSetRefused();
        return RemoteError.Unsupported;
    }

    private enum AttributeVerdict
    {
        /// <summary>It is set.</summary>
        Done,

        /// <summary>The server has the command and refuses this file.</summary>
        Refused,

        /// <summary>The server may not have the command.</summary>
        Doubtful,

        /// <summary>The server does not have the command.</summary>
        Missing,
    }
}
