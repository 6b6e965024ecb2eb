using System.Buffers;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp.Transfers;

/// <summary>
/// Sends one content by as many WRITE requests at once as the window of its connections allows, each from a pooled buffer that the content was read into. Ends with
/// a look at the file's length and the closing of its handles; both go out behind the last byte.
/// </summary>
internal sealed class SftpWriter(SftpConnections connections, SftpSite site, RemotePath path, byte[] bytes, Stream content, IProgress<long>? progress) : IAsyncDisposable
{
    private const int LargestRequest = 256 * 1024;

    /// <summary>After so many bytes a further connection is worth the round trip of opening the file there.</summary>
    private const int WorthSpreading = 8 << 20;

    private readonly Queue<Chunk> _chunks = new();
    private readonly List<SftpFileHandle> _handles = [];
    private Task<SftpFileHandle?>? _spreading;
    private long _start;
    private long _contentStart;
    private long _read;
    private long _confirmed;
    private bool _isAtEnd;
    private (SftpRequest Look, SftpRequest Close)? _ending;

    private readonly record struct Chunk(SftpRequest Request, byte[] Buffer, int Length);

    /// <summary>The file's length behind the last byte, as the server said it before the file was closed; null when it did not say.</summary>
    public long? LengthOnServer { get; private set; }

    /// <summary>How a file is opened for a way of storing.</summary>
    public static SftpOpenFlags FlagsFor(StoreMode mode) => mode switch
    {
        StoreMode.Whole => SftpOpenFlags.Write | SftpOpenFlags.Create | SftpOpenFlags.Truncate,
        StoreMode.Append => SftpOpenFlags.Write | SftpOpenFlags.Create | SftpOpenFlags.Append,
        _ => SftpOpenFlags.Write,
    };

    /// <summary>Sends everything.</summary>
    /// <param name="handle">The file, opened; from now on closed by this.</param>
    /// <param name="mode">Where the content goes.</param>
    /// <param name="offset">The position of the first byte.</param>
    /// <param name="lane">For the connection after a lost one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The bytes that the server has confirmed.</returns>
    public async ValueTask<long> SendAsync(SftpFileHandle handle, StoreMode mode, long offset, Lane lane, CancellationToken cancellationToken)
    {
        _handles.Add(handle);
        _start = offset;
        _contentStart = content.CanSeek ? content.Position : 0;
        var lastProgress = site.Time.GetTimestamp();
        var before = _confirmed;
        while (true)
        {
            try
            {
                await SendRestAsync(mode, cancellationToken).ConfigureAwait(false);
                await EndAsync(mode, cancellationToken).ConfigureAwait(false);
                return _confirmed;
            }
            catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut
                && (_handles.Exists(open => !open.Connection.IsAlive) || _ending is { Close.Connection.IsAlive: false }) && content.CanSeek && mode != StoreMode.Append
                && (_confirmed > before || site.Time.GetElapsedTime(lastProgress) < site.Options.Timeout))
            {
                if (_confirmed > before)
                    lastProgress = site.Time.GetTimestamp();
                before = _confirmed;
                await ReopenAsync(mode, lane, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync().ConfigureAwait(false);
    }

    private async ValueTask SendRestAsync(StoreMode mode, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (!_isAtEnd && await TrySendOneAsync(mode, cancellationToken).ConfigureAwait(false))
            {
            }

            if (_isAtEnd && _ending is null && IsAlone)
                SubmitEnd();
            if (!_chunks.TryPeek(out var head))
                return;
            await head.Request.WaitAsync(cancellationToken).ConfigureAwait(false);
            var status = SftpStatus.Of(head.Request);
            if (!status.IsOk)
                throw await RefusalAsync(head.Request.Connection, site, path, bytes, status, cancellationToken).ConfigureAwait(false);
            _chunks.Dequeue();
            _confirmed += head.Length;
            Return(head);
            progress?.Report(_confirmed);
        }
    }

    /// <summary>Reads and sends the next piece when there is room for it.</summary>
    private async ValueTask<bool> TrySendOneAsync(StoreMode mode, CancellationToken cancellationToken)
    {
        Spread(mode);
        var handle = Best(mode);
        var window = handle.Connection.Window;
        var length = window.RequestLength(Math.Min(handle.Connection.Limits.WriteLength, LargestRequest));
        if (_chunks.Count > 0 && !window.HasRoom(length))
            return false;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        var filled = 0;
        try
        {
            while (filled < length)
            {
                var count = await content.ReadAsync(buffer.AsMemory(filled, length - filled), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                {
                    _isAtEnd = true;
                    break;
                }

                filled += count;
            }

            _isAtEnd |= content.CanSeek && content.Position >= content.Length;
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        if (filled == 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return false;
        }

        var request = handle.Connection.Rent(SftpPacketType.Write).WriteContent(handle.Bytes, _start + _read, buffer.AsMemory(0, filled));
        _chunks.Enqueue(new Chunk(request, buffer, filled));
        _read += filled;
        if (_isAtEnd && IsAlone)
            SubmitEnd(request);
        else
            handle.Connection.Submit(request, SftpPriority.Bulk);
        return true;
    }

    /// <summary>Whether everything goes over one connection: there the server takes it in its order, and the end need not wait for the answers.</summary>
    private bool IsAlone => _handles.Count == 1 && _spreading is null;

    /// <summary>Asks for the length and closes, behind everything that was written.</summary>
    /// <param name="last">The last piece, which goes out with it.</param>
    private void SubmitEnd(SftpRequest? last = null)
    {
        var first = _handles[0];
        var look = first.Connection.Ask(SftpPacketType.Fstat, first.Bytes);
        var close = first.Connection.Ask(SftpPacketType.Close, first.Bytes);
        foreach (var further in _handles.Skip(1))
            further.Close();
        _handles.Clear();
        first.Connection.CountHandle(-1);
        first.Connection.Submit(last is null ? [look, close] : [last, look, close], SftpPriority.Bulk);
        _ending = (look, close);
    }

    /// <summary>Waits for the file to be closed.</summary>
    private async ValueTask EndAsync(StoreMode mode, CancellationToken cancellationToken)
    {
        await SpreadEndAsync().ConfigureAwait(false);
        if (_ending is null)
            SubmitEnd();
        var (look, close) = _ending!.Value;
        await look.WaitAsync(cancellationToken).ConfigureAwait(false);
        await close.WaitAsync(cancellationToken).ConfigureAwait(false);
        var status = SftpStatus.Of(close);
        if (!status.IsOk)
            throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Storing", path, status);
        LengthOnServer = SftpCalls.ReadAttributes(look).Attributes?.Size is { } size && size <= long.MaxValue ? (long)size : null;
        if (mode == StoreMode.Whole && LengthOnServer is { } length && length != _confirmed)
        {
            throw new RemoteException(
                RemoteError.ServerFailure, $"The server holds {length} of the {_confirmed} bytes sent to {SftpErrorMapping.Quote(path)}. It must be sent again.")
            { Path = path };
        }
    }

    private SftpFileHandle Best(StoreMode mode)
    {
        var best = _handles[0];
        if (mode == StoreMode.Append)
            return best;
        foreach (var handle in _handles)
        {
            if (handle.Connection.Window.Limit - handle.Connection.Window.InFlight > best.Connection.Window.Limit - best.Connection.Window.InFlight)
                best = handle;
        }

        return best;
    }

    private void Spread(StoreMode mode)
    {
        if (_spreading is { IsCompletedSuccessfully: true } done)
        {
            _spreading = null;
            if (done.Result is { } handle)
                _handles.Add(handle);
        }

        if (_spreading is not null || mode == StoreMode.Append || _confirmed < WorthSpreading * (long)_handles.Count)
            return;
        if (content.CanSeek && content.Length - content.Position < WorthSpreading)
            return;
        if (connections.TryGetFurther(_handles) is { } further)
            _spreading = SpreadAsync(further);
    }

    private async Task<SftpFileHandle?> SpreadAsync(SftpConnection connection)
    {
        try
        {
            var (handle, _) = await connection.OpenAsync(bytes, SftpOpenFlags.Write, default, CancellationToken.None).ConfigureAwait(false);
            return handle;
        }
        catch (RemoteException)
        {
            return null; // that connection was lost; the writer has others
        }
    }

    private async ValueTask SpreadEndAsync()
    {
        if (_spreading is not null && await _spreading.ConfigureAwait(false) is { } late)
            late.Close();
        _spreading = null;
    }

    /// <summary>A connection was lost: what the server has not confirmed is sent again, on handles of connections that live.</summary>
    private async ValueTask ReopenAsync(StoreMode mode, Lane lane, RemoteException reason, CancellationToken cancellationToken)
    {
        await DropAsync().ConfigureAwait(false);
        var handle = await connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var flags = mode == StoreMode.Whole && _confirmed == 0 ? FlagsFor(mode) : SftpOpenFlags.Write;
                var (opened, status) = await connection.OpenAsync(bytes, flags, default, token).ConfigureAwait(false);
                if (opened is null)
                    throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Storing", path, status);
                try
                {
                    using var look = connection.Ask(SftpPacketType.Fstat, opened.Bytes);
                    await connection.SendAsync(look, token, SftpPriority.Bulk).ConfigureAwait(false);
                    if (SftpCalls.ReadAttributes(look).Attributes?.Size is { } size && size < (ulong)(_start + _confirmed))
                        throw new RemoteException(RemoteError.Changed, $"{SftpErrorMapping.Quote(path)} was changed on the server while the link was down.", reason) { Path = path };
                    return opened;
                }
                catch
                {
                    opened.Close();
                    throw;
                }
            },
            cancellationToken).ConfigureAwait(false);
        _handles.Add(handle);
        site.Logger.LogStoreResumed(path, _confirmed);
        content.Position = _contentStart + _confirmed;
        _read = _confirmed;
        _isAtEnd = false;
    }

    /// <summary>WRITE was refused. A full disk shows in the free space; a quota does not.</summary>
    public static async ValueTask<RemoteException> RefusalAsync(
        SftpConnection connection, SftpSite site, RemotePath path, byte[] bytes, SftpStatus status, CancellationToken cancellationToken)
    {
        var error = SftpErrorMapping.Classify(status);
        if (error is null && site.Has(SftpExtensions.Statvfs))
        {
            const long HardlyAny = 4 << 20;
            using var request = connection.Rent(SftpExtensionNames.Statvfs).Write(bytes);
            await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (SftpStatus.IsAnswered(request, SftpPacketType.ExtendedReply, out _))
                error = SftpSpace.Read(request.Body).Available <= HardlyAny ? RemoteError.NoSpace : RemoteError.QuotaExceeded;
        }

        return SftpErrorMapping.Failure(error ?? RemoteError.ServerFailure, "Storing", path, status);
    }

    /// <summary>Gives everything up. A buffer is free only when its request has ended: the transport may still be sending it.</summary>
    private async ValueTask DropAsync()
    {
        await SpreadEndAsync().ConfigureAwait(false);
        foreach (var chunk in _chunks)
            chunk.Request.GiveUp(new OperationCanceledException());
        while (_chunks.TryDequeue(out var chunk))
        {
            await chunk.Request.SettleAsync().ConfigureAwait(false);
            Return(chunk);
        }

        foreach (var handle in _handles)
            handle.Close();
        _handles.Clear();
        _ending?.Look.Dispose();
        _ending?.Close.Dispose();
        _ending = null;
    }

    private static void Return(Chunk chunk)
    {
        chunk.Request.Dispose();
        ArrayPool<byte>.Shared.Return(chunk.Buffer);
    }
}
