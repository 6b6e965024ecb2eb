using System.Buffers;
using System.Runtime.CompilerServices;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Session;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Metadata;

/// <summary>One MLSD or LIST under way: its entries, and after the last one what the final reply says of them.</summary>
/// <param name="transfer">The transfer; null for a listing that the server declared empty by its reply.</param>
/// <param name="isMlsd">MLSD; otherwise LIST.</param>
/// <param name="listsAll">Whether hidden files were asked for.</param>
internal sealed class FtpListingTransfer(FtpDataTransfer? transfer, bool isMlsd, bool listsAll)
{
    /// <summary>
    /// No honest directory has more; each entry costs its holder some 300 bytes. A listing without end would otherwise fill the memory.
    /// </summary>
    public const int MostLines = 1 << 22;

    private FtpReply? _final;
    private long _received;
    private int _lines;

    /// <summary>Whether it is MLSD.</summary>
    public bool IsMlsd => isMlsd;

    /// <summary>Whether it is LIST with <c>-a</c>.</summary>
    public bool ListedAll => listsAll;

    /// <summary>Whether <c>.</c> or <c>..</c> was among the lines: <c>-a</c> was understood.</summary>
    public bool SawDots { get; private set; }

    /// <summary>
    /// Whether the listing came over TLS and ended without the server's close_notify: it may be cut short, whatever the final reply says. Known after its end.
    /// </summary>
    public bool EndIsDoubtful { get; private set; }

    /// <summary>How many bytes came. Known after its end.</summary>
    public long Received => _received;

    /// <summary>Whether the final reply is a good one. Known after <see cref="EndAsync"/>.</summary>
    public bool EndedWell => _final is { Code.IsCompletion: true };

    /// <summary>The entries, times of LIST being <paramref name="utcOffset"/> ahead of UTC. Leaving early ends the transfer.</summary>
    public async IAsyncEnumerable<RemoteEntry> ReadAsync(TimeSpan utcOffset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (transfer is null)
            yield break;
        var site = transfer.Connection.Site;
        var lines = new LineSplitter();
        var parser = isMlsd ? null : new ListLineParser(site.Codec, site.Time, utcOffset);
        var ended = false;
        try
        {
            while (true)
            {
                var count = await FtpReceive.ReceiveAsync(transfer, lines.GetBuffer(), cancellationToken);
                if (count == 0)
                    break;
                _received += count;
                lines.Advance(count);
                while (TryReadEntry(site, lines, parser, out var entry))
                {
                    if (entry is not null)
                        yield return entry;
                }
            }

            EndIsDoubtful = !transfer.Data.EndIsConfirmed;
            if (!EndIsDoubtful && transfer.Data.IsEncrypted)
                site.NoteCloseNotify();
            // Half a line makes a wrong entry.
            if (!EndIsDoubtful && Parse(site, lines.Rest, parser) is { } last)
                yield return last;
            ended = true;
            if (!transfer.TryLetOthersFollow())
                _final = await transfer.CompleteAsync(cancellationToken);
        }
        finally
        {
            site.CountReceived(_received);
            if (!ended)
                await transfer.DrainOrAbandonAsync();
        }
    }

    /// <summary>Waits for the final reply. Where the site bears it, other commands may be sent before: then it is on its way while they are.</summary>
    /// <exception cref="RemoteException">The link was lost.</exception>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (transfer is not null)
            _final ??= await transfer.CompleteAsync(cancellationToken);
    }

    /// <summary>Checks the final reply. After <see cref="EndAsync"/>.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ServerFailure"/> and others: not all entries came.</exception>
    public void ThrowIfCutShort(RemotePath directory)
    {
        if (_final is null)
            return;
        // Pure-FTPd: "226 Output truncated to 10000 matches"; others in other words.
        if (_final.Code.IsCompletion && !_final.Mentions("truncated"u8) && !_final.Mentions("too many files"u8) && !_final.Mentions("list incomplete"u8))
            return;
        if (_final.Code == FtpReplyCode.ServiceNotAvailable && _final.Matches == _lines)
            return; // Pure-FTPd's mistake, with the number of lines that came (see FtpReply.EndsSession)
        if (_final.Code == FtpReplyCode.FileBusy)
            return; // ProFTPD says 450 for a LIST without lines; whether the directory exists was asked before
        throw new RemoteException(
            _final.Code == FtpReplyCode.ServiceNotAvailable ? RemoteError.Offline : RemoteError.ServerFailure,
            $"The listing of {FtpErrorMapping.Quote(directory)} is incomplete: {_lines} lines came, and the server said: {_final.Text}.")
        { Path = directory, ServerReply = _final.Text };
    }

    /// <summary>Reads all of it and drops it.</summary>
    public async ValueTask SkipAsync(CancellationToken cancellationToken)
    {
        if (transfer is null)
            return;
        var ended = false;
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            while (await FtpReceive.ReceiveAsync(transfer, buffer, cancellationToken) is > 0 and var count)
                _received += count;
            EndIsDoubtful = !transfer.Data.EndIsConfirmed;
            ended = true;
            _final = await transfer.CompleteAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            transfer.Connection.Site.CountReceived(_received);
            if (!ended)
                await transfer.DrainOrAbandonAsync();
        }
    }

    private bool TryReadEntry(FtpSite site, LineSplitter lines, ListLineParser? parser, out RemoteEntry? entry)
    {
        if (lines.TryRead(out var line))
        {
            if (++_lines > MostLines)
                throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent a listing of more than {MostLines} lines.");
            entry = Parse(site, line, parser);
            return true;
        }

        entry = null;
        return false;
    }

    private RemoteEntry? Parse(FtpSite site, ReadOnlySpan<byte> line, ListLineParser? parser)
    {
        if (line.IsEmpty)
            return null;
        RemoteEntry? entry;
        bool understood;
        if (parser is null)
        {
            understood = MlsxEntryParser.TryParse(line, site.Codec, out var parsed);
            entry = parsed.Type is MlsxType.CurrentDirectory or MlsxType.ParentDirectory ? null : parsed.Entry;
        }
        else
        {
            understood = parser.TryParse(line, out entry);
        }

        SawDots |= understood && entry is null;
        if (understood && (entry is null || RemotePath.IsValidName(entry.Name)))
            return entry;
        site.Logger.LogDebug("Listing line left out: {Line}", FtpReply.Printable(System.Text.Encoding.UTF8.GetString(line[..Math.Min(line.Length, 200)])));
        return null;
    }
}
