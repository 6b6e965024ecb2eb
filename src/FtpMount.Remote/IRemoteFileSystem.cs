namespace FtpMount.Remote;

/// <summary>
/// What a remote server can do, whatever its protocol. Thread-safe; any number of calls may run at once, each leases what
/// connections it needs from the pool in its lane.
/// </summary>
/// <remarks>
/// Deadlines: every call ends within the configured time-out without progress (connecting, waiting for a connection and
/// repeating what is safe to repeat included), with <see cref="RemoteError.TimedOut"/> or <see cref="RemoteError.Offline"/>.
/// Every call throws <see cref="RemoteException"/> for failures and <see cref="OperationCanceledException"/> when its token is cancelled;
/// nothing else. Paths are absolute on the server.
/// </remarks>
public interface IRemoteFileSystem : IAsyncDisposable
{
    /// <summary>For messages and status: the URL without secrets, for example <c>ftp://user@host:2121/pub</c>.</summary>
    string DisplayName { get; }

    /// <summary>The directory that the mount shows as its root, resolved against the login folder.</summary>
    RemotePath Root { get; }

    /// <summary>What this server can do, as far as it is known now. May gain or lose members as replies teach.</summary>
    RemoteCapabilities Capabilities { get; }

    /// <summary>How many small files are best stored at one time: enough to fill the time that each waits for its answers.</summary>
    int ParallelStores => 8;

    /// <summary>Connections, transfers and round trips since the start, for status.</summary>
    RemoteStatistics Statistics { get; }

    /// <summary>How many calls of the lanes after <see cref="Lane.Interactive"/> the server serves at once, none waiting for another; at least 1. May change as the server's limit is learned.</summary>
    int ConcurrentCalls => Math.Max(1, Statistics.ConnectionLimit - 1);

    /// <summary>
    /// Says that so many calls at once are likely to come soon: connections for them are opened in the background, as far as the limit allows. Costs nothing when they are open.
    /// </summary>
    /// <param name="calls">At least 1.</param>
    void Prepare(int calls)
    {
    }

    /// <summary>
    /// Lists a directory as a stream, in the server's order, without <c>.</c> and <c>..</c>, hidden files included where the server can.
    /// Entries with invalid names are left out and logged. Disposing the enumerator early ends the transfer.
    /// </summary>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.NotFound"/>, <see cref="RemoteError.NotADirectory"/>, <see cref="RemoteError.AccessDenied"/>; a listing
    /// that the server cut short ends with <see cref="RemoteError.ServerFailure"/> after the entries that arrived.
    /// </exception>
    IAsyncEnumerable<RemoteEntry> ListAsync(RemotePath directory, Lane lane, CancellationToken cancellationToken);

    /// <summary>What the server says of one path, without listing its parent where the server can answer otherwise. Links are not followed where the server tells.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a file for sequential reading from <paramref name="offset"/>. The reader holds a connection until it is disposed.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">First byte, from 0. At or past the end the reader gives 0 bytes.</param>
    /// <param name="length">How many bytes are wanted, when known: lets the protocol ask for exactly that range. Null: to the end.</param>
    /// <param name="lane"><see cref="Lane.Read"/> or <see cref="Lane.Prefetch"/>.</param>
    /// <param name="cancellationToken">Cancels the opening; later reads take their own.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.IsADirectory"/>, <see cref="RemoteError.AccessDenied"/>, <see cref="RemoteError.Busy"/>.</exception>
    ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken);

    /// <summary>
    /// Sends content to a path. Returns when the server has confirmed it. The server's file is checked by the caller
    /// (<see cref="StatAsync"/>); a connection lost on the way is not repeated here, because the content may not be repeatable.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Read from its current position to its end. Not disposed.</param>
    /// <param name="mode">Where the content goes.</param>
    /// <param name="offset">For <see cref="StoreMode.Resume"/> and <see cref="StoreMode.Patch"/>: the position of the first byte; otherwise 0.</param>
    /// <param name="progress">Told the bytes handed to the link so far, now and then; may be null.</param>
    /// <param name="lane"><see cref="Lane.Write"/>, or <see cref="Lane.Prefetch"/> for what nobody waits for.</param>
    /// <param name="cancellationToken">Aborts the transfer; what the server then holds is undefined for this path.</param>
    /// <returns>The number of bytes sent and confirmed.</returns>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.AccessDenied"/>, <see cref="RemoteError.NotFound"/> (the directory), <see cref="RemoteError.IsADirectory"/>,
    /// <see cref="RemoteError.NoSpace"/>, <see cref="RemoteError.QuotaExceeded"/>, <see cref="RemoteError.Busy"/>,
    /// <see cref="RemoteError.Unsupported"/> (this mode on this server).
    /// </exception>
    ValueTask<long> StoreAsync(
        RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken);

    /// <summary>Whether <see cref="StoreMode.Patch"/> does here what it should; tried out where that is not known.</summary>
    /// <param name="trial">A path at which nothing is, for a file that is made to try it and deleted again; it is left there when the link is lost.</param>
    /// <param name="lane">Usually <see cref="Lane.Write"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RemoteException">It could not be tried.</exception>
    ValueTask<bool> CanPatchAsync(RemotePath trial, Lane lane, CancellationToken cancellationToken) => new((Capabilities & RemoteCapabilities.Patch) != 0);

    /// <summary>
    /// Stores a small file at a path at which nothing is, with its attributes, in as few round trips as the protocol allows, and says what is there now. A connection lost on the way is not
    /// repeated here: a part of the file may be there.
    /// </summary>
    /// <param name="path">The file. That nothing is there is made sure of as late as it can be.</param>
    /// <param name="content">Read from its beginning to its end, of known length. Not disposed.</param>
    /// <param name="change">What the server cannot set is left out, not an error.</param>
    /// <param name="progress">Told the bytes handed to the link so far, now and then; may be null.</param>
    /// <param name="lane">Usually <see cref="Lane.Write"/>.</param>
    /// <param name="cancellationToken">Aborts the transfer; what the server then holds is undefined for this path.</param>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.AlreadyExists"/>: something is there, and nothing was stored. <see cref="RemoteError.ServerFailure"/>: what is there has not the size that was sent.
    /// Otherwise as for <see cref="StoreAsync"/>.
    /// </exception>
    async ValueTask<RemoteEntry> StoreNewAsync(
        RemotePath path, Stream content, RemoteAttributeChange change, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(change);
        try
        {
            await StatAsync(path, lane, cancellationToken).ConfigureAwait(false);
            throw new RemoteException(RemoteError.AlreadyExists, $"'{path}' is there already.") { Path = path };
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            // As it should be.
        }

        var sent = await StoreAsync(path, content, StoreMode.Whole, 0, progress, lane, cancellationToken).ConfigureAwait(false);
        if (change != new RemoteAttributeChange())
        {
            try
            {
                await SetAttributesAsync(path, change, lane, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied)
            {
                // Left out.
            }
        }

        var entry = await StatAsync(path, lane, cancellationToken).ConfigureAwait(false);
        return entry.Size is null || entry.Size == sent
            ? entry
            : throw new RemoteException(RemoteError.ServerFailure, $"'{path}' has {entry.Size} bytes on the server, {sent} were sent.") { Path = path };
    }

    /// <summary>
    /// Makes a file that was stored under a temporary name the new content of <paramref name="target"/>, in as few round trips as the protocol
    /// allows: checks that its size is <paramref name="expectedSize"/>, applies <paramref name="change"/> (what the server cannot set is left out, not an error),
    /// renames it over the target, and says what is there now.
    /// </summary>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.ServerFailure"/>: the stored size is wrong, nothing was renamed. <see cref="RemoteError.Unsupported"/> or
    /// <see cref="RemoteError.AccessDenied"/>: the server does not rename here; the temporary file is still there. Otherwise as for <see cref="RenameAsync"/>.
    /// </exception>
    ValueTask<RemoteEntry> PublishAsync(
        RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken);

    /// <summary>Deletes a file or a link (not its target).</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.IsADirectory"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>Makes one directory; its parent exists.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.AlreadyExists"/>, <see cref="RemoteError.NotFound"/> (the parent), <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>Removes one empty directory.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotEmpty"/>, <see cref="RemoteError.NotFound"/>, <see cref="RemoteError.NotADirectory"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>Renames a file or directory.</summary>
    /// <param name="source">What is renamed.</param>
    /// <param name="target">Its new path.</param>
    /// <param name="replace">
    /// True: a file at the target is replaced, atomically where the server can (where it can only delete first, it does so and the capabilities
    /// say so). False: a target that exists is <see cref="RemoteError.AlreadyExists"/>; where the server has no such rename it is probed first.
    /// </param>
    /// <param name="lane">Usually <see cref="Lane.Interactive"/>.</param>
    /// <param name="cancellationToken">Cancels waiting; the rename may have happened.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.AlreadyExists"/>, <see cref="RemoteError.NotEmpty"/>, <see cref="RemoteError.IsADirectory"/>, <see cref="RemoteError.NotADirectory"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken);

    /// <summary>Changes attributes. Those that are null stay. All or an error; what was changed before the error is undefined.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/> (the server has no command for it), <see cref="RemoteError.NotFound"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken);

    /// <summary>The target of a symbolic link, as it is.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>, <see cref="RemoteError.NotFound"/>.</exception>
    ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>Makes a symbolic link at <paramref name="path"/> with the text <paramref name="target"/>.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>, <see cref="RemoteError.AlreadyExists"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken);

    /// <summary>Makes a hard link at <paramref name="path"/> to the file <paramref name="existing"/>.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>, <see cref="RemoteError.AlreadyExists"/>, <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>
    /// How many names a file has (hard links), asked for when <see cref="RemoteEntry.LinkCount"/> does not tell: a file with several is not replaced by another, but written where it is.
    /// </summary>
    /// <returns>Null where that cannot be found out at a reasonable price.</returns>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/> (the directory), <see cref="RemoteError.AccessDenied"/>.</exception>
    ValueTask<int?> GetLinkCountAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => new((int?)null);

    /// <summary>Total and free space of the file system that holds <paramref name="path"/>; null where the server cannot tell.</summary>
    ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken);

    /// <summary>How far the server's clock is ahead of this machine's, to about two seconds; null where it is not known (yet).</summary>
    TimeSpan? ClockSkew => null;

    /// <summary>Brings a stored file to the server's disk, so that it survives the server's loss of power. Does nothing where the server has no way to be told.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.NoSpace"/>, <see cref="RemoteError.ServerFailure"/>: it may not be there.</exception>
    ValueTask SyncFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) => default;

    /// <summary>The checksums of whole files that the server computes, strongest first; empty when it offers none.</summary>
    IReadOnlyList<ChecksumAlgorithm> Checksums => [];

    /// <summary>Lets the server compute a checksum of a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="algorithm">One of <see cref="Checksums"/>.</param>
    /// <param name="size">The file's length in bytes, as far as it is known: the longer, the longer the server may take. 0 when it is not known.</param>
    /// <param name="lane">Usually <see cref="Lane.Interactive"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The checksum, most significant byte first.</returns>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.Unsupported"/> (this algorithm, or this name), <see cref="RemoteError.NotFound"/>, <see cref="RemoteError.IsADirectory"/>,
    /// <see cref="RemoteError.AccessDenied"/>, <see cref="RemoteError.ProtocolViolation"/> (the answer is no checksum).
    /// </exception>
    ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(
        RemotePath path, ChecksumAlgorithm algorithm, long size, Lane lane, CancellationToken cancellationToken) =>
        throw new RemoteException(RemoteError.Unsupported, "This server computes no checksums.") { Path = path };

    /// <summary>
    /// Lets the server copy a whole file, so that its content does not travel. Only where <see cref="RemoteCapabilities.Copy"/>. The caller checks that the source
    /// was not changed meanwhile.
    /// </summary>
    /// <param name="source">The file.</param>
    /// <param name="target">A name at which nothing is.</param>
    /// <param name="size">The source's length in bytes: the longer, the longer the server may take.</param>
    /// <param name="lane">Usually <see cref="Lane.Write"/>.</param>
    /// <param name="cancellationToken">Ends the waiting; the server may go on, and the target may then hold any part of the content.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>, <see cref="RemoteError.NotFound"/>, <see cref="RemoteError.AccessDenied"/>, <see cref="RemoteError.NoSpace"/>.</exception>
    ValueTask CopyAsync(RemotePath source, RemotePath target, long size, Lane lane, CancellationToken cancellationToken) =>
        throw new RemoteException(RemoteError.Unsupported, "This server copies no files.") { Path = source };
}
