using System.Runtime.CompilerServices;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp;

/// <content>Listing and looking up.</content>
public sealed partial class SftpFileSystem
{
    /// <summary>One for the names of most directories, one for the news that there are no more.</summary>
    private const int FirstReaddirs = 2;

    /// <summary>The most READDIR requests in flight for one directory. OpenSSH answers each with 100 names.</summary>
    private const int MostReaddirs = 16;

    /// <summary>Names remembered of a listing under way, for beginning anew: about 10 MB.</summary>
    private const int MostRemembered = 100_000;

    /// <inheritdoc/>
    /// <remarks>
    /// When the link is lost on the way, the listing begins anew on another connection and leaves out what it has given already. Of directories that are too large to remember
    /// that, the loss is the answer.
    /// </remarks>
    public async IAsyncEnumerable<RemoteEntry> ListAsync(RemotePath directory, Lane lane, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = _site.Encode(directory);
        var given = new HashSet<string>();
        var lastProgress = _site.Time.GetTimestamp();
        for (var isAgain = false; ; isAgain = true)
        {
            var (handle, requests) = await _connections.RunAsync(
                lane, isRepeatable: true, (connection, _, token) => OpenDirectoryAsync(connection, path, directory, token), cancellationToken).ConfigureAwait(false);
            try
            {
                var connection = handle.Connection;
                var isAtEnd = false;
                var isLost = false;
                var answered = 0;
                for (var wanted = FirstReaddirs; !isLost;)
                {
                    // Not before the first two are answered: the second mostly says that there is nothing more.
                    if (!isAtEnd && (answered == 0 || answered >= FirstReaddirs))
                        AskForNames(handle, requests, wanted);

                    if (!requests.TryDequeue(out var request))
                        yield break;
                    using (request)
                    {
                        try
                        {
                            await request.WaitAsync(cancellationToken).ConfigureAwait(false);
                        }
                        catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut && !connection.IsAlive
                            && given.Count < MostRemembered && _site.Time.GetElapsedTime(lastProgress) < _site.Options.Timeout)
                        {
                            isLost = true;
                            continue;
                        }

                        lastProgress = _site.Time.GetTimestamp();
                        answered++;
                        if (!SftpStatus.IsAnswered(request, SftpPacketType.Name, out var status))
                        {
                            // Perhaps only because it overtook the opening: asked again.
                            if (request.Presumed is not null && status.Code != SftpStatusCode.Eof)
                            {
                                answered = 0;
                                continue;
                            }

                            if (status.Code != SftpStatusCode.Eof)
                                throw Refusal("Listing", directory, status);
                            isAtEnd = true;
                            continue;
                        }

                        wanted = answered < FirstReaddirs ? wanted : Math.Min(wanted * 2, MostReaddirs);
                        foreach (var entry in ReadNames(request, directory))
                        {
                            if (isAgain && given.Contains(entry.Name))
                                continue;
                            if (given.Count < MostRemembered)
                                given.Add(entry.Name);
                            yield return entry;
                        }
                    }
                }
            }
            finally
            {
                foreach (var rest in requests)
                    rest.Dispose();
                handle.Close();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        var bytes = _site.Encode(path);
        return _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                if (!_site.Has(SftpExtensions.Lsetstat))
                    return await StatWithLinkAsync(connection, path, bytes, token).ConfigureAwait(false);
                var (attributes, status) = await connection.AttributesAsync(SftpPacketType.Lstat, bytes, token).ConfigureAwait(false);
                return attributes is { } found ? SftpEntry.From(path.Name, found, _owners) : throw Refusal("Looking up", path, status);
            },
            cancellationToken);
    }

    /// <summary>
    /// ProFTPD's LSTAT follows links: READLINK, in the same packet, tells whether there is one. Servers with lsetstat@openssh.com know links by themselves.
    /// </summary>
    private async ValueTask<RemoteEntry> StatWithLinkAsync(SftpConnection connection, RemotePath path, byte[] bytes, CancellationToken cancellationToken)
    {
        using var lstat = connection.Ask(SftpPacketType.Lstat, bytes);
        using var readlink = connection.Ask(SftpPacketType.Readlink, bytes);
        connection.Submit([lstat, readlink], SftpPriority.Interactive);
        await lstat.WaitAsync(cancellationToken).ConfigureAwait(false);
        await readlink.WaitAsync(cancellationToken).ConfigureAwait(false);
        var (attributes, status) = SftpCalls.ReadAttributes(lstat);
        var isLink = readlink.ReplyType == SftpPacketType.Name;
        if (attributes is not { } found)
        {
            return isLink
                ? new RemoteEntry { Name = path.Name, Kind = RemoteKind.Symlink } // to something that is not there
                : throw Refusal("Looking up", path, status);
        }

        var entry = SftpEntry.From(path.Name, found, _owners);
        return isLink ? entry with { Kind = RemoteKind.Symlink, Size = null } : entry;
    }

    /// <inheritdoc/>
    /// <remarks>Only listings tell it. Of a large directory only the beginning is read.</remarks>
    public async ValueTask<int?> GetLinkCountAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        const int MostEntries = 1000;
        if (path.IsRoot || !_site.Has(SftpExtensions.Hardlink))
            return null;
        var count = 0;
        await foreach (var entry in ListAsync(path.Parent, lane, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Name == path.Name)
                return entry.LinkCount;
            if (++count == MostEntries)
                break;
        }

        return null;
    }

    /// <inheritdoc/>
    /// <remarks>OpenSSH PROTOCOL section 4.4 (statvfs@openssh.com).</remarks>
    public ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        if (!_site.Has(SftpExtensions.Statvfs))
            return new((RemoteSpace?)null);
        var bytes = _site.Encode(path);
        return _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var (space, status) = await AskSpaceAsync(connection, bytes, token).ConfigureAwait(false);
                if (space is { } known)
                    return (RemoteSpace?)new RemoteSpace(known.Total, known.Available);
                if (status.Code != SftpStatusCode.OpUnsupported)
                    throw Refusal("Asking for space at", path, status);
                _site.Lacks(SftpExtensions.Statvfs);
                return null;
            },
            cancellationToken);
    }

    private static async ValueTask<(SftpSpace? Space, SftpStatus Status)> AskSpaceAsync(SftpConnection connection, ReadOnlyMemory<byte> path, CancellationToken cancellationToken)
    {
        using var request = connection.Rent(SftpExtensionNames.Statvfs).Write(path.Span);
        await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return SftpStatus.IsAnswered(request, SftpPacketType.ExtendedReply, out var status) ? (SftpSpace.Read(request.Body), default) : (null, status);
    }

    /// <summary>Opens a directory, and asks for its first names in the same packet where the handle can be foretold.</summary>
    private static async ValueTask<(SftpFileHandle Handle, Queue<SftpRequest> Requests)> OpenDirectoryAsync(
        SftpConnection connection, byte[] path, RemotePath directory, CancellationToken cancellationToken)
    {
        var presumed = new PresumedHandle();
        var open = connection.Rent(SftpPacketType.Opendir, presumed).Write(path);
        var requests = new Queue<SftpRequest>();
        while (requests.Count < FirstReaddirs)
            requests.Enqueue(connection.Rent(SftpPacketType.Readdir, presumed).Write(PresumedHandle.Placeholder));
        var isTaken = false;
        try
        {
            var (handle, status, isForetold) = await connection.OpenAsync(open, [.. requests], cancellationToken).ConfigureAwait(false);
            if (handle is not null)
            {
                isTaken = isForetold;
                return (handle, isForetold ? requests : []);
            }

            // OpenSSH says NO_SUCH_FILE for ENOTDIR, others FAILURE.
            var error = SftpErrorMapping.Classify(status);
            if (error is null or RemoteError.NotFound && await connection.KindAsync(path, cancellationToken).ConfigureAwait(false) is { } kind && kind != RemoteKind.Directory)
                error = RemoteError.NotADirectory;
            throw SftpErrorMapping.Failure(error ?? RemoteError.ServerFailure, "Listing", directory, status);
        }
        finally
        {
            if (!isTaken)
            {
                foreach (var request in requests)
                    request.Dispose();
            }
        }
    }

    private static void AskForNames(SftpFileHandle handle, Queue<SftpRequest> requests, int wanted)
    {
        var more = new SftpRequest[Math.Max(0, wanted - requests.Count)];
        for (var i = 0; i < more.Length; i++)
            requests.Enqueue(more[i] = handle.Connection.Ask(SftpPacketType.Readdir, handle.Bytes));
        if (more.Length > 0)
            handle.Connection.Submit(more, SftpPriority.Interactive);
    }

    private List<RemoteEntry> ReadNames(SftpRequest request, RemotePath directory)
    {
        var reader = new SftpPacketReader(request.Body);
        var count = reader.ReadUInt32();
        var entries = new List<RemoteEntry>();
        for (; count > 0; count--)
        {
            var bytes = reader.ReadString();
            var line = reader.ReadString(); // longname, for people
            var attributes = reader.ReadAttributes();
            if (bytes.SequenceEqual("."u8) || bytes.SequenceEqual(".."u8))
                continue;
            var name = _site.Codec.Decode(bytes);
            if (RemotePath.IsValidName(name))
                entries.Add(SftpEntry.From(name, attributes, _owners) with { LinkCount = SftpEntry.LinkCountOf(line) });
            else
                _site.Logger.LogWarning("{Directory} holds an entry whose name cannot be a file name; it is not shown: {Name}", directory, SftpSite.Printable(bytes));
        }

        return entries;
    }
}
