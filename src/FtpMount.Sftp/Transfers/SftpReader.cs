using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp.Transfers;

/// <summary>
/// One file read sequentially, by as many READ requests at once as the window of its connections allows. The next request's content goes straight into the caller's
/// buffer when it has not arrived before it is asked for; what came earlier waits in a pooled buffer.
/// </summary>
/// <remarks>
/// A long read spreads over the other connections for content, each with a handle of its own. When a connection is lost the file is opened again on another one and reading
/// goes on where it was, provided that size and time of the file are what they were.
/// </remarks>
internal sealed class SftpReader : IRemoteReader
{
    /// <summary>What is asked for at once: the block of the cache above and of the kernel's read-ahead, so that content can go straight into it.</summary>
    private const int LargestRequest = 128 * 1024;

    /// <summary>After so many bytes a further connection is worth the round trip of opening the file there.</summary>
    private const int WorthSpreading = 8 << 20;

    private readonly SftpConnections _connections;
    private readonly SftpSite _site;
    private readonly OpenFiles _openFiles;
    private readonly RemotePath _path;
    private readonly byte[] _bytes;
    private readonly Lane _lane;
    private readonly Queue<Chunk> _chunks = new();
    private readonly List<SftpRequest> _asking = [];
    private readonly List<SftpFileHandle> _handles = [];
    private readonly long _end;
    private SftpAttributes _version;
    private bool _knowsVersion;
    private long _asked;
    private long _started;
    private int _taken;
    private bool _isAtEnd;
    private bool _isBroken;
    private Task<SftpFileHandle?>? _spreading;

    public SftpReader(SftpConnections connections, SftpSite site, OpenFiles openFiles, RemotePath path, byte[] bytes, Lane lane, long offset, long? length)
    {
        _connections = connections;
        _site = site;
        _openFiles = openFiles;
        _path = path;
        _bytes = bytes;
        _lane = lane;
        _asked = _started = Position = offset;
        _end = length is { } limited ? offset + limited : long.MaxValue;
    }

    private readonly record struct Chunk(SftpRequest Request, long Offset, int Length);

    /// <inheritdoc/>
    public long Position { get; private set; }

    /// <summary>Opens the file and asks for its version and the first content: all of it together where the handle can be foretold.</summary>
    /// <returns>Why it cannot be opened; null when it is open.</returns>
    public async ValueTask<SftpStatus?> TryOpenAsync(SftpConnection connection, CancellationToken cancellationToken)
    {
        var presumed = new PresumedHandle();
        var open = connection.Rent(SftpPacketType.Open, presumed).Write(_bytes).Write((uint)SftpOpenFlags.Read).Write(default(SftpAttributes));
        using var version = connection.Rent(SftpPacketType.Fstat, presumed).Write(PresumedHandle.Placeholder);
        var chunks = Presume(connection, presumed);
        var isTaken = false;
        try
        {
            var (handle, status, isForetold) = await connection.OpenAsync(open, [version, .. chunks.Select(chunk => chunk.Request)], cancellationToken).ConfigureAwait(false);
            if (handle is null)
                return status;
            _handles.Add(handle);
            if (isForetold)
            {
                isTaken = true;
                foreach (var chunk in chunks)
                {
                    _chunks.Enqueue(chunk);
                    _asked = chunk.Offset + chunk.Length;
                }

                await version.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (version.ReplyType == SftpPacketType.Attrs)
                {
                    Judge(version);
                    return null;
                }
            }

            using var later = connection.Ask(SftpPacketType.Fstat, handle.Bytes);
            TopUp(later);
            await later.WaitAsync(cancellationToken).ConfigureAwait(false);
            Judge(later);
            return null;
        }
        finally
        {
            if (!isTaken)
                chunks.ForEach(static chunk => chunk.Request.Dispose());
        }
    }

    /// <summary>Takes a file that was kept open: asks for what the path is now and for the first content together.</summary>
    /// <returns>False when the path stands for another file or content now; then the handle is closed.</returns>
    public async ValueTask<bool> TryResumeAsync(KeptFile kept, CancellationToken cancellationToken)
    {
        _handles.Add(kept.Handle);
        using var present = kept.Handle.Connection.Ask(SftpPacketType.Stat, _bytes);
        TopUp(present);
        await present.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (SftpCalls.ReadAttributes(present).Attributes is { } now && IsSame(kept.Version, now))
        {
            Judge(present);
            return true;
        }

        Drop();
        return false;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_isBroken)
            throw new RemoteException(RemoteError.Offline, $"Reading {SftpErrorMapping.Quote(_path)} was given up.") { Path = _path };
        var start = _site.Time.GetTimestamp();
        while (!buffer.IsEmpty && !_isAtEnd)
        {
            TopUp();
            if (!_chunks.TryPeek(out var head))
                return 0;
            try
            {
                return await TakeAsync(head, buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut && !head.Request.Connection.IsAlive && _site.Time.GetElapsedTime(start) < _site.Options.Timeout)
            {
                _isBroken = true; // without a handle the next read would find nothing to wait for, which is how the end looks
                await ReopenAsync(e, cancellationToken).ConfigureAwait(false);
                _isBroken = false;
            }
            catch (OperationCanceledException)
            {
                // The head is given up: this reader has lost its place.
                _isBroken = true;
                throw;
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_spreading is not null && await _spreading.ConfigureAwait(false) is { } late)
            late.Close();
        foreach (var chunk in _chunks)
            chunk.Request.Dispose();
        _chunks.Clear();
        for (var i = 0; i < _handles.Count; i++)
        {
            if (i == 0 && _handles[0].Connection.IsAlive && _knowsVersion)
                _openFiles.Keep(_path, new KeptFile(_handles[0], _version));
            else
                _handles[i].Close();
        }

        _handles.Clear();
    }

    /// <summary>Waits for the head and gives what it brought, at least one byte; at the end of the file none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> TakeAsync(Chunk head, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var request = head.Request;
        if (_taken == 0)
        {
            if (!request.IsDone && buffer.Length >= head.Length)
                request.TryBind(buffer[..head.Length]);
            await request.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (request.Presumed is not null && request.ReplyType == SftpPacketType.Status && SftpStatus.Of(request).Code != SftpStatusCode.Eof)
            {
                // Perhaps only because it overtook the opening of the file.
                _chunks.Dequeue();
                request.Dispose();
                PutFirst(Ask(_handles[0], head.Offset, head.Length));
                return await TakeAsync(_chunks.Peek(), buffer, cancellationToken).ConfigureAwait(false);
            }

            if (request.ReplyType != SftpPacketType.Data || request.Received == 0)
            {
                End(request);
                return 0;
            }
        }

        int count;
        if (request.IsBound)
        {
            count = request.Received;
            _taken = count;
        }
        else
        {
            count = Math.Min(buffer.Length, request.Received - _taken);
            request.OwnContent.Slice(_taken, count).CopyTo(buffer.Span);
            _taken += count;
        }

        Position += count;
        if (_taken < request.Received)
            return count;

        var received = request.Received;
        _taken = 0;
        _chunks.Dequeue();
        request.Dispose();
        if (received < head.Length && head.Offset + received < _end && !IsEnd(head.Offset + received))
            AskAgain(head, received);
        return count;
    }

    /// <summary>The head brought no content: the end of the file, or an error.</summary>
    private void End(SftpRequest request)
    {
        if (request.ReplyType == SftpPacketType.Status)
        {
            var status = SftpStatus.Of(request);
            if (status.Code != SftpStatusCode.Eof)
                throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Reading", _path, status);
        }
        else if (request.ReplyType != SftpPacketType.Data)
        {
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server answered READ with {request.ReplyType}.") { Path = _path };
        }

        _isAtEnd = true;
    }

    /// <summary>
    /// The server gave less than was asked for: the rest is asked for before all else. It gives less when that is as much as it ever gives, or when the file ends there: the
    /// next answer tells.
    /// </summary>
    private void AskAgain(Chunk head, int received)
    {
        PutFirst(Ask(_handles[0], head.Offset + received, head.Length - received));
        const int LeastPlausibleLimit = 4096;
        var limits = _handles[0].Connection.Limits;
        if (received is >= LeastPlausibleLimit && received < limits.ReadLength && head.Offset + head.Length <= (long)(_version.Size ?? 0))
        {
            foreach (var handle in _handles)
                handle.Connection.Limits = limits with { ReadLength = received };
        }
    }

    private void PutFirst(Chunk first)
    {
        Chunk[] others = [.. _chunks];
        _chunks.Clear();
        _chunks.Enqueue(first);
        foreach (var chunk in others)
            _chunks.Enqueue(chunk);
    }

    /// <summary>
    /// Whether a file that is not empty ends here, as the server has said of it since it was opened. The empty ones are read to find out: those of /proc are not empty.
    /// </summary>
    private bool IsEnd(long offset) => _knowsVersion && _version.Size is { } size && size > 0 && (ulong)offset == size;

    /// <summary>The first pieces of a file that is being opened: as far as is known to be wanted, otherwise one block, because most files are small.</summary>
    private List<Chunk> Presume(SftpConnection connection, PresumedHandle handle)
    {
        List<Chunk> result = [];
        var window = connection.Window;
        var end = Math.Min(_end, _asked + (_end == long.MaxValue ? LargestRequest : Math.Max(LargestRequest, window.Limit - window.InFlight)));
        for (var offset = _asked; offset < end;)
        {
            var length = PieceLength(connection, offset);
            if (_end == long.MaxValue)
                length = (int)Math.Min(length, end - offset);
            result.Add(new Chunk(connection.Rent(SftpPacketType.Read, handle).WriteRead(PresumedHandle.Placeholder, offset, length), offset, length));
            offset += length;
        }

        return result;
    }

    /// <summary>How much to ask for at once: up to the next boundary, so that later requests fill whole blocks.</summary>
    private int PieceLength(SftpConnection connection, long offset)
    {
        var most = connection.Window.RequestLength(Math.Min(connection.Limits.ReadLength, LargestRequest));
        var length = Math.Min(Math.Min(LargestRequest - (offset % LargestRequest), most), _end - offset);
        return (int)(_knowsVersion && _version.Size is { } known && offset < (long)known ? Math.Min(length, (long)known - offset) : length);
    }

    /// <summary>Asks for as much as the windows allow.</summary>
    /// <param name="before">What goes out on the first connection in the same packet, in any case.</param>
    private void TopUp(SftpRequest? before = null)
    {
        if (before is not null)
            _asking.Add(before);
        AskFor();
        Submit();
    }

    private void AskFor()
    {
        Spread();
        var asked = 0;
        while (_asked < _end)
        {
            var handle = Best();
            if (handle is null)
                return;
            var length = PieceLength(handle.Connection, _asked);
            if (_chunks.Count > 0 && !handle.Connection.Window.HasRoom(asked + length))
                return;
            if (IsEnd(_asked) || (_knowsVersion && _version.Size is { } size && _asked > (long)size))
                return;
            var request = handle.Connection.Rent(SftpPacketType.Read).WriteRead(handle.Bytes, _asked, length);
            _asking.Add(request);
            _chunks.Enqueue(new Chunk(request, _asked, length));
            _asked += length;
            asked += length;

            // Which connection has most room shows only when this one is in its window.
            if (_handles.Count > 1)
            {
                Submit();
                asked = 0;
            }

            if (!_knowsVersion && _end == long.MaxValue && _asked - Position >= LargestRequest)
                return; // the size will soon be known: most files are small
        }
    }

    private void Submit()
    {
        if (_asking.Count > 0)
            _asking[0].Connection.Submit(CollectionsMarshal.AsSpan(_asking), SftpPriority.Bulk);
        _asking.Clear();
    }

    private static Chunk Ask(SftpFileHandle handle, long offset, int length)
    {
        var request = handle.Connection.Rent(SftpPacketType.Read).WriteRead(handle.Bytes, offset, length);
        handle.Connection.Submit(request, SftpPriority.Bulk);
        return new Chunk(request, offset, length);
    }

    /// <summary>The handle whose connection has most room.</summary>
    private SftpFileHandle? Best()
    {
        SftpFileHandle? best = null;
        var room = long.MinValue;
        foreach (var handle in _handles)
        {
            var its = handle.Connection.Window.Limit - (long)handle.Connection.Window.InFlight;
            if (its > room)
                (best, room) = (handle, its);
        }

        return best;
    }

    /// <summary>Opens the file on a further connection when enough has been read to expect more; without waiting for it.</summary>
    private void Spread()
    {
        if (_spreading is { IsCompletedSuccessfully: true } done)
        {
            _spreading = null;
            if (done.Result is { } handle)
                _handles.Add(handle);
        }

        if (_spreading is not null || Position - _started < WorthSpreading || _end - _asked < WorthSpreading || !_knowsVersion || (long)(_version.Size ?? 0) - _asked < WorthSpreading)
            return;
        _started = Position; // the next attempt after as much again
        if (_connections.TryGetFurther(_handles) is { } further)
            _spreading = SpreadAsync(further);
    }

    private async Task<SftpFileHandle?> SpreadAsync(SftpConnection connection)
    {
        try
        {
            var (handle, _) = await connection.OpenAsync(_bytes, SftpOpenFlags.Read, default, CancellationToken.None).ConfigureAwait(false);
            if (handle is null)
                return null;
            using var version = connection.Ask(SftpPacketType.Fstat, handle.Bytes);
            await connection.SendAsync(version, CancellationToken.None).ConfigureAwait(false);
            if (SftpCalls.ReadAttributes(version).Attributes is { } its && IsSame(its, _version))
                return handle;
            handle.Close();
            return null;
        }
        catch (RemoteException)
        {
            return null; // that connection was lost; the reader has others
        }
    }

    /// <summary>A connection was lost: whatever was in flight is asked for again, from the position on.</summary>
    private async ValueTask ReopenAsync(RemoteException reason, CancellationToken cancellationToken)
    {
        var isKnown = _knowsVersion;
        var before = _version;
        if (_spreading is not null && await _spreading.ConfigureAwait(false) is { } late)
            late.Close();
        _spreading = null;
        Drop();
        await _connections.RunAsync(
            _lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                Drop(); // of an attempt before, when that connection was lost too
                if (await TryOpenAsync(connection, token).ConfigureAwait(false) is { } status)
                    throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Reading", _path, status);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        if (isKnown && !IsSame(before, _version))
        {
            throw new RemoteException(
                RemoteError.Changed, $"{SftpErrorMapping.Quote(_path)} was changed on the server while the link was down. Open it again.", reason)
            { Path = _path };
        }
    }

    private void Judge(SftpRequest version)
    {
        var (attributes, status) = SftpCalls.ReadAttributes(version);
        if (attributes is not { } known)
            throw SftpErrorMapping.Failure(SftpErrorMapping.Classify(status) ?? RemoteError.ServerFailure, "Reading", _path, status);
        if (SftpEntry.KindOf(known) == RemoteKind.Directory)
            throw SftpErrorMapping.Failure(RemoteError.IsADirectory, "Reading", _path, null);
        _version = known;
        _knowsVersion = true;
    }

    private void Drop()
    {
        foreach (var chunk in _chunks)
            chunk.Request.Dispose();
        _chunks.Clear();
        foreach (var handle in _handles)
            handle.Close();
        _handles.Clear();
        _knowsVersion = false;
        _taken = 0;
        _asked = Position;
    }

    /// <summary>Whether two looks at a file see the same content, as far as they tell.</summary>
    private static bool IsSame(in SftpAttributes left, in SftpAttributes right) =>
        left.Size == right.Size && left.Times?.Modified == right.Times?.Modified && left.Owner == right.Owner && left.Permissions == right.Permissions;
}
