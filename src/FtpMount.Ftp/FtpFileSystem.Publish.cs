using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp;

/// <content>Putting an upload in its place.</content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    /// <remarks>
    /// Two packets: the size of the temporary file, its time and mode; then the rename and the look at the result. A rename keeps time and mode, so that the
    /// target never shows wrong ones.
    /// </remarks>
    public async ValueTask<RemoteEntry> PublishAsync(
        RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        await RejectNameThatIsNotKeptAsync(target, lane, cancellationToken);
        var begun = false;
        return await _pool.RunAsync(
            lane,
            repeatable: true,
            async (connection, token) =>
            {
                // As in ChangeAsync: after a lost link, look before it is done again.
                if (begun && await HasMovedAsync(connection, temporary, target, token))
                    return await FtpStat.StatAsync(connection, target, token);
                begun = true;
                var preparation = Prepare(temporary, change, []);
                FtpReply[] prepared = preparation.Commands.Length == 0 ? [] : await connection.ExchangeAsync(preparation.Commands, token);
                await ConcludeAsync(connection, temporary, expectedSize, change, preparation, prepared, token);
                var replies = await RenameOnceAsync(connection, temporary, target, FtpStat.QuickCommands(_site, target), token);
                if (!replies[1].Code.IsCompletion)
                {
                    await RenameOtherwiseAsync(connection, temporary, target, replace: true, replies, token);
                    return await FtpStat.StatAsync(connection, target, token);
                }

                return FtpStat.ReadQuick(_site, replies.AsSpan(2), target) ?? await FtpStat.StatAsync(connection, target, token);
            },
            cancellationToken);
    }

    /// <summary>What is sent after a file was stored: the question for its size, and what gives it its time and mode.</summary>
    /// <param name="temporary">The file that was stored.</param>
    /// <param name="change">What is to be set.</param>
    /// <param name="looks">Commands that go last in the packet and have a look at the result.</param>
    private Preparation Prepare(RemotePath temporary, RemoteAttributeChange change, IEnumerable<FtpCommand> looks)
    {
        var time = change.Modified is null ? TimeCommand.None : BestTimeCommand;
        var mode = change.Mode is null ? ModeCommand.None : BestModeCommand;
        var commands = new List<FtpCommand>(3);
        if (_site.Size != FtpSupport.No)
            commands.Add(_site.Command("SIZE", temporary));
        // Before the time is set: it is the one at which the server's clock saw the last byte.
        var asksClock = _site.ClockSkew is null && _site.Mdtm == FtpSupport.Yes;
        if (asksClock)
            commands.Add(_site.Command("MDTM", temporary));
        if (time != TimeCommand.None)
            commands.Add(CommandFor(time, temporary, change.Modified!.Value));
        if (mode != ModeCommand.None)
            commands.Add(CommandFor(mode, temporary, change.Mode!.Value));
        var settings = commands.Count;
        commands.AddRange(looks);
        return new Preparation([.. commands], settings, _site.Size != FtpSupport.No, asksClock, time, mode);
    }

    /// <param name="connection">Where.</param>
    /// <param name="temporary">The file that was stored.</param>
    /// <param name="expectedSize">The size that it must have.</param>
    /// <param name="change">What is to be set.</param>
    /// <param name="preparation">What was sent.</param>
    /// <param name="replies">The replies to it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The replies to the looks; null when something was set after them.</returns>
    private async ValueTask<FtpReply[]?> ConcludeAsync(
        FtpConnection connection,
        RemotePath temporary,
        long expectedSize,
        RemoteAttributeChange change,
        Preparation preparation,
        FtpReply[] replies,
        CancellationToken cancellationToken)
    {
        var (_, settings, asksSize, asksClock, time, mode) = preparation;
        var looked = (FtpReply[]?)replies[settings..];
        long? size = null;
        var next = 0;
        if (asksSize)
        {
            size = FtpStat.ReadSize(replies[next]);
            if (replies[next++].Code.IsUnknownCommand)
                _site.Size = FtpSupport.No;
        }

        if (asksClock)
        {
            var written = FtpStat.ReadTime(replies[next++]);
            _site.NoteClock(written);
        }

        size ??= (await FtpStat.StatAsync(connection, temporary, cancellationToken)).Size;
        if (size is { } stored && stored != expectedSize)
        {
            throw new RemoteException(
                RemoteError.ServerFailure, $"The server holds {stored} of {expectedSize} bytes of the upload to {FtpErrorMapping.Quote(temporary)}. It must be sent again.")
            { Path = temporary };
        }

        // What the server lacks is learned, and the next command is tried; what it refuses is left out.
        if (time != TimeCommand.None)
        {
            var verdict = Learn(time, replies[next++]);
            if (verdict == AttributeVerdict.Done && time == TimeCommand.Utime)
                await CompareUtimeAsync(connection, temporary, change.Modified!.Value, cancellationToken);
            if (verdict == AttributeVerdict.Doubtful && time == TimeCommand.Mdtm)
                _site.NoteMdtmSetRefused();
            if (verdict != AttributeVerdict.Done)
                looked = null;
            if (verdict is AttributeVerdict.Missing or AttributeVerdict.Doubtful && TimeCommandAfter(time) is not TimeCommand.None and var otherTime)
                await TrySetAsync(connection, temporary, change with { Mode = null }, otherTime, ModeCommand.None, cancellationToken);
        }

        if (mode != ModeCommand.None && Learn(mode, replies[next]) == AttributeVerdict.Missing && ModeCommandAfter(mode) is not ModeCommand.None and var otherMode)
        {
            looked = null;
            await TrySetAsync(connection, temporary, change with { Modified = null }, TimeCommand.None, otherMode, cancellationToken);
        }

        return looked;
    }

    /// <summary>What is sent after a file was stored.</summary>
    /// <param name="Commands">All of it: what asks and sets, then the looks.</param>
    /// <param name="Settings">How many of these ask and set.</param>
    /// <param name="AsksSize">Whether SIZE is among them.</param>
    /// <param name="AsksClock">Whether MDTM is, which tells the server's clock.</param>
    /// <param name="Time">How the time is set.</param>
    /// <param name="Mode">How the mode is set.</param>
    private sealed record Preparation(FtpCommand[] Commands, int Settings, bool AsksSize, bool AsksClock, TimeCommand Time, ModeCommand Mode);

    private async ValueTask TrySetAsync(
        FtpConnection connection, RemotePath path, RemoteAttributeChange change, TimeCommand time, ModeCommand mode, CancellationToken cancellationToken)
    {
        try
        {
            await SetAsync(connection, path, change, time, mode, cancellationToken);
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            _site.Logger.LogDebug("Left out: {Reason}", e.Message);
        }
    }
}
