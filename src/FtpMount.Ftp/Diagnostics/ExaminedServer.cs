using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Ftp.Transfers;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>
/// A server that is being examined, over sessions like those of a mount. A question that ends its session is answered with null, and the next one gets a new session, so
/// that one odd command does not end the examination.
/// </summary>
internal sealed class ExaminedServer(FtpOptions options, ExaminationOptions how, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly FtpTranscript? _transcript = how.Transcript is { } writer ? new FtpTranscript(writer, options, time) : null;
    private readonly List<FtpSite> _sites = [];
    private FtpConnection? _connection;
    private int _sessions;
    private FtpSite? _site;

    /// <summary>The server.</summary>
    public FtpOptions Options => options;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>How to examine it.</summary>
    public ExaminationOptions How => how;

    /// <summary>What is known of it, as a mount with the same options would learn it.</summary>
    public FtpSite Site => _site ??= NewSite(options, watch => FirstSession ??= watch);

    /// <summary>The beginning of the first session.</summary>
    public SessionWatch? FirstSession { get; private set; }

    /// <summary>The directory that a mount would show.</summary>
    public RemotePath Root { get; set; }

    /// <summary>A regular file at hand: found in the directory, or made for the purpose.</summary>
    public RemotePath? Sample { get; set; }

    /// <summary>The content of <see cref="Sample"/>, when it is known.</summary>
    public byte[]? SampleContent { get; set; }

    /// <summary>A file that is too large to be on its way as a whole; null when there is none at hand.</summary>
    public RemotePath? Large { get; set; }

    /// <summary>Whether a data connection has resumed the TLS session of its control connection.</summary>
    public bool ResumesTls { get; set; }

    /// <summary>What is being tried.</summary>
    public void Report(string what) => how.Progress?.Report(what);

    /// <summary>The same server with other options, known to nobody yet. What is learned there is not remembered.</summary>
    public FtpSite NewSite(FtpOptions changed) => NewSite(changed with { MemoryDirectory = null }, null);

    /// <summary>The session; a new one when there is none or the last one has ended.</summary>
    /// <exception cref="RemoteException">As a mount would get it.</exception>
    public async ValueTask<FtpConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        if (_connection is { IsReusable: true } open)
            return open;
        await DropAsync();
        return _connection = await FtpFileSystem.ConnectFirstAsync(Site, cancellationToken);
    }

    /// <summary>Asks one question.</summary>
    /// <returns>The reply; null when there was none and the session ended over it.</returns>
    public async ValueTask<FtpReply?> AskAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            return await connection.ExchangeAsync(command, cancellationToken);
        }
        catch (RemoteException)
        {
            await DropAsync();
            return null;
        }
    }

    /// <summary>Asks questions about paths, in one packet where the server bears it.</summary>
    /// <returns>The replies; null for all when the session ended over them.</returns>
    public async ValueTask<FtpReply?[]> AskAsync(FtpCommand[] commands, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            return await connection.ExchangeAsync(commands, cancellationToken);
        }
        catch (RemoteException)
        {
            await DropAsync();
            return new FtpReply?[commands.Length];
        }
    }

    /// <summary>What is at a path; null when nothing is, or it cannot be seen.</summary>
    public async ValueTask<RemoteEntry?> LookAsync(RemotePath path, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            return (await FtpStat.LookAsync(connection, path, cancellationToken)).Entry;
        }
        catch (RemoteException)
        {
            if (!connection.IsReusable)
                await DropAsync();
            return null;
        }
    }

    /// <summary>A file's content, or a part of it, up to a number of bytes; a longer one is broken off.</summary>
    /// <returns>The content, null when it was refused; and the reply, null when the session ended over it.</returns>
    public async ValueTask<(byte[]? Content, FtpReply? Reply)> RetrieveAsync(
        RemotePath path, long offset, long? rangeLength, int most, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            var opening = await connection.OpenTransferAsync(
                new FtpTransferRequest { Command = Site.Command("RETR", path), Restart = offset, RangeLength = rangeLength }, cancellationToken);
            if (opening.Transfer is not { } transfer)
                return (null, opening.Reply);
            var content = new byte[most];
            var length = 0;
            while (length < most)
            {
                var count = await FtpReceive.ReceiveAsync(transfer, content.AsMemory(length), cancellationToken);
                if (count == 0)
                    return (content[..length], await transfer.CompleteAsync(cancellationToken));
                length += count;
            }

            await transfer.AbortAsync();
            return (content, opening.Reply);
        }
        catch (RemoteException)
        {
            await DropAsync();
            return (null, null);
        }
    }

    /// <summary>Stores content.</summary>
    /// <returns>The final reply; null when the session ended over it.</returns>
    public async ValueTask<FtpReply?> StoreAsync(string verb, RemotePath path, byte[] content, long offset, CancellationToken cancellationToken)
    {
        var connection = await ConnectionAsync(cancellationToken);
        try
        {
            var opening = await connection.OpenTransferAsync(
                new FtpTransferRequest { Command = Site.Command(verb, path), Restart = offset, Stores = true }, cancellationToken);
            if (opening.Transfer is not { } transfer)
                return opening.Reply;
            using var stream = new MemoryStream(content);
            return (await FtpStore.SendAsync(transfer, stream, Lane.Write, null, null, cancellationToken)).Reply;
        }
        catch (RemoteException)
        {
            await DropAsync();
            return null;
        }
    }

    /// <summary>The entries of a directory, up to a number.</summary>
    /// <exception cref="RemoteException">It cannot be listed.</exception>
    public static async ValueTask<List<RemoteEntry>> ListAsync(FtpConnection connection, RemotePath directory, int most, CancellationToken cancellationToken)
    {
        var entries = new List<RemoteEntry>();
        if (most == 0)
            return entries;
        await foreach (var entry in FtpListing.ListAsync(connection, directory, exactTimes: false, cancellationToken))
        {
            entries.Add(entry);
            if (entries.Count == most)
                break;
        }

        return entries;
    }

    /// <summary>Ends the session.</summary>
    public async ValueTask DropAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        foreach (var site in _sites)
            site.Dispose();
    }

    private FtpSite NewSite(FtpOptions changed, Action<SessionWatch>? begun)
    {
        var site = new FtpSite(changed, time, logger)
        {
            MayRecall = false,
            Observe = () =>
            {
                var watch = new SessionWatch(Interlocked.Increment(ref _sessions), time, _transcript);
                begun?.Invoke(watch);
                return watch;
            },
        };
        _sites.Add(site);
        return site;
    }
}
