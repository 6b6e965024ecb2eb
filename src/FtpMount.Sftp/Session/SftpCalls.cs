using System.Buffers.Binary;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Session;

/// <summary>One request and its reply, for everything but content. Each returns the server's status, good or bad, and throws only for what ends or breaks the connection.</summary>
internal static class SftpCalls
{
    /// <summary>Sends a request and waits; the caller disposes it.</summary>
    public static ValueTask SendAsync(
        this SftpConnection connection, SftpRequest request, CancellationToken cancellationToken, SftpPriority priority = SftpPriority.Interactive)
    {
        connection.Submit(request, priority);
        return request.WaitAsync(cancellationToken);
    }

    /// <summary>For requests that are answered by a status only. Disposes the request.</summary>
    public static async ValueTask<SftpStatus> StatusAsync(this SftpConnection connection, SftpRequest request, CancellationToken cancellationToken)
    {
        using (request)
        {
            await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return SftpStatus.Of(request);
        }
    }

    /// <summary>A request that has a path as its only field.</summary>
    public static SftpRequest Ask(this SftpConnection connection, SftpPacketType type, ReadOnlySpan<byte> path) => connection.Rent(type).Write(path);

    /// <summary>LSTAT, STAT: the attributes, or why not.</summary>
    public static async ValueTask<(SftpAttributes? Attributes, SftpStatus Status)> AttributesAsync(
        this SftpConnection connection, SftpPacketType type, ReadOnlyMemory<byte> path, CancellationToken cancellationToken)
    {
        using var request = connection.Ask(type, path.Span);
        await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return ReadAttributes(request);
    }

    /// <summary>The reply to a request for attributes.</summary>
    public static (SftpAttributes? Attributes, SftpStatus Status) ReadAttributes(SftpRequest request) =>
        SftpStatus.IsAnswered(request, SftpPacketType.Attrs, out var status) ? (new SftpPacketReader(request.Body).ReadAttributes(), default) : (null, status);

    /// <summary>REALPATH, READLINK: the one name, or why not.</summary>
    public static async ValueTask<(byte[]? Name, SftpStatus Status)> NameAsync(
        this SftpConnection connection, SftpPacketType type, ReadOnlyMemory<byte> path, CancellationToken cancellationToken)
    {
        using var request = connection.Ask(type, path.Span);
        await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!SftpStatus.IsAnswered(request, SftpPacketType.Name, out var status))
            return (null, status);
        var reader = new SftpPacketReader(request.Body);
        return reader.ReadUInt32() == 1
            ? (reader.ReadString().ToArray(), default)
            : throw new RemoteException(RemoteError.ProtocolViolation, $"The server answered {type} with another number of names than one.");
    }

    /// <summary>OPEN: a handle, or why not. A handle that comes after the caller gave up is closed.</summary>
    public static ValueTask<(SftpFileHandle? Handle, SftpStatus Status)> OpenAsync(
        this SftpConnection connection, ReadOnlySpan<byte> path, SftpOpenFlags flags, in SftpAttributes attributes, CancellationToken cancellationToken) =>
        HandleAsync(connection, connection.Rent(SftpPacketType.Open).Write(path).Write((uint)flags).Write(attributes), cancellationToken);

    /// <summary>OPENDIR: a handle, or why not.</summary>
    public static ValueTask<(SftpFileHandle? Handle, SftpStatus Status)> OpenDirectoryAsync(
        this SftpConnection connection, ReadOnlySpan<byte> path, CancellationToken cancellationToken) =>
        HandleAsync(connection, connection.Ask(SftpPacketType.Opendir, path), cancellationToken);

    /// <summary>The kind of what is at a path, without following a link; null when nothing is there or it cannot be seen.</summary>
    public static async ValueTask<RemoteKind?> KindAsync(this SftpConnection connection, ReadOnlyMemory<byte> path, CancellationToken cancellationToken)
    {
        var (attributes, _) = await connection.AttributesAsync(SftpPacketType.Lstat, path, cancellationToken).ConfigureAwait(false);
        return attributes is { } known ? SftpEntry.KindOf(known) : null;
    }

    private static async ValueTask<(SftpFileHandle? Handle, SftpStatus Status)> HandleAsync(
        SftpConnection connection, SftpRequest request, CancellationToken cancellationToken)
    {
        var (handle, status, _) = await connection.OpenAsync(request, [], cancellationToken).ConfigureAwait(false);
        return (handle, status);
    }

    /// <summary>
    /// OPEN or OPENDIR, and behind it in the same packet requests for the handle that it will bring. Disposes the first, not those behind it.
    /// </summary>
    /// <returns>The handle, or why not; and whether the requests behind it were for this handle: otherwise their replies mean nothing, and they are to be made again.</returns>
    public static async ValueTask<(SftpFileHandle? Handle, SftpStatus Status, bool IsForetold)> OpenAsync(
        this SftpConnection connection, SftpRequest open, SftpRequest[] behind, CancellationToken cancellationToken)
    {
        using (open)
        {
            // Not given up once sent: the handle would stay open on the server.
            cancellationToken.ThrowIfCancellationRequested();
            var presumed = open.Presumed;
            connection.Submit([open, .. behind], SftpPriority.Interactive);
            await open.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            if (!SftpStatus.IsAnswered(open, SftpPacketType.Handle, out var status))
                return (null, status, false);
            var handle = new SftpFileHandle(connection, new SftpPacketReader(open.Body).ReadString().ToArray());
            connection.CountHandle(1);
            if (!cancellationToken.IsCancellationRequested)
                return (handle, default, presumed?.Number is { } number && handle.Bytes.Length == HandleForecast.HandleLength && BinaryPrimitives.ReadUInt32BigEndian(handle.Bytes) == number);
            handle.Close();
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
