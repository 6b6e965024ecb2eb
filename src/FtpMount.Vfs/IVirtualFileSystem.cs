namespace FtpMount.Vfs;

/// <summary>
/// The file system that both platform adapters call, on inodes and handles. Thread-safe. An answer that is at hand completes
/// synchronously and without allocating; everything that waits for the network completes later and ends within the deadline.
/// </summary>
/// <remarks>
/// Names are strings as <see cref="FtpMount.Remote.NameCodec"/> makes them. No method throws but for programming errors; a cancelled token gives
/// <see cref="VfsError.Interrupted"/>. A method that takes a span uses it only before it first waits.
/// </remarks>
public interface IVirtualFileSystem
{
    /// <summary>Who is told of invalidations; set once, before the first call.</summary>
    void Attach(IVfsObserver observer);

    /// <summary>Finds a name in a directory. Counts one lookup unless the entry is negative.</summary>
    ValueTask<VfsResult<VfsEntry>> LookupAsync(NodeId parent, ReadOnlySpan<char> name, CancellationToken cancellationToken);

    /// <summary>Gives lookups back. At zero, and with no handle open, the inode may be evicted.</summary>
    void Forget(NodeId node, ulong lookups);

    /// <summary>Attributes of an inode. With a handle, those of the open file, even when its name is gone.</summary>
    ValueTask<VfsResult<VfsAttributeReply>> GetAttributesAsync(NodeId node, VfsHandle handle, CancellationToken cancellationToken);

    /// <summary>Changes attributes; truncation included.</summary>
    ValueTask<VfsResult<VfsAttributeReply>> SetAttributesAsync(NodeId node, VfsHandle handle, VfsAttributeChange change, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>The target of a symbolic link.</summary>
    ValueTask<VfsResult<string>> ReadLinkAsync(NodeId node, CancellationToken cancellationToken);

    /// <summary>Makes an empty regular file (mknod).</summary>
    ValueTask<VfsResult<VfsEntry>> CreateFileAsync(NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>Makes a directory. <paramref name="mode"/> has the caller's umask applied.</summary>
    ValueTask<VfsResult<VfsEntry>> CreateDirectoryAsync(NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>Makes a symbolic link.</summary>
    ValueTask<VfsResult<VfsEntry>> CreateSymlinkAsync(NodeId parent, string name, string target, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>Makes a hard link.</summary>
    ValueTask<VfsResult<VfsEntry>> CreateLinkAsync(NodeId node, NodeId newParent, string newName, CancellationToken cancellationToken);

    /// <summary>Removes a file or link. Open handles go on working.</summary>
    ValueTask<VfsError> UnlinkAsync(NodeId parent, string name, CancellationToken cancellationToken);

    /// <summary>Removes an empty directory.</summary>
    ValueTask<VfsError> RemoveDirectoryAsync(NodeId parent, string name, CancellationToken cancellationToken);

    /// <summary>Renames, by POSIX rename(2) and Linux renameat2(2).</summary>
    ValueTask<VfsError> RenameAsync(NodeId parent, string name, NodeId newParent, string newName, VfsRenameFlags flags, CancellationToken cancellationToken);

    /// <summary>Opens a file that exists.</summary>
    ValueTask<VfsResult<VfsOpenReply>> OpenAsync(NodeId node, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>Makes and opens a file in one step; opens the one that exists unless <see cref="VfsOpenFlags.Exclusive"/>.</summary>
    ValueTask<VfsResult<VfsCreateReply>> CreateAsync(NodeId parent, string name, int mode, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken);

    /// <summary>Reads; fewer bytes than asked for only at the end of the file.</summary>
    ValueTask<VfsResult<int>> ReadAsync(VfsHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Writes all of <paramref name="data"/> at <paramref name="offset"/> (with append, at the end).</summary>
    ValueTask<VfsResult<int>> WriteAsync(VfsHandle handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>One descriptor of the handle was closed: the place where a deferred write error is told.</summary>
    ValueTask<VfsError> FlushAsync(VfsHandle handle, CancellationToken cancellationToken);

    /// <summary>Returns when everything written is on the server, or with the error.</summary>
    ValueTask<VfsError> FsyncAsync(VfsHandle handle, bool dataOnly, CancellationToken cancellationToken);

    /// <summary>The last descriptor is gone. Never fails to the caller.</summary>
    ValueTask ReleaseAsync(VfsHandle handle);

    /// <summary>Opens a directory for reading.</summary>
    ValueTask<VfsResult<VfsOpenReply>> OpenDirectoryAsync(NodeId node, CancellationToken cancellationToken);

    /// <summary>
    /// Reads entries from <paramref name="cookie"/> on (0 is the start) until the sink is full or the end. An entry present throughout is seen exactly once
    /// per pass, whatever else changes.
    /// </summary>
    ValueTask<VfsError> ReadDirectoryAsync(VfsHandle handle, long cookie, IDirectorySink sink, CancellationToken cancellationToken);

    /// <summary>Closes a directory.</summary>
    void ReleaseDirectory(VfsHandle handle);

    /// <summary>Everything that was changed below the directory is on the server (fsync of a directory).</summary>
    ValueTask<VfsError> FsyncDirectoryAsync(VfsHandle handle, CancellationToken cancellationToken);

    /// <summary>Everything that was written anywhere is on the server (syncfs).</summary>
    ValueTask<VfsError> SyncAsync(CancellationToken cancellationToken);

    /// <summary>Space.</summary>
    ValueTask<VfsResult<VfsSpace>> GetSpaceAsync(NodeId node, CancellationToken cancellationToken);

    /// <summary>Copies a range between open files without the bytes passing through the caller. The number of bytes copied.</summary>
    ValueTask<VfsResult<long>> CopyRangeAsync(VfsHandle source, long sourceOffset, VfsHandle target, long targetOffset, long length, CancellationToken cancellationToken);

    /// <summary>Finds data or a hole.</summary>
    ValueTask<VfsResult<long>> SeekAsync(VfsHandle handle, long offset, VfsSeekKind kind, CancellationToken cancellationToken);

    /// <summary>Reserves, and unless <paramref name="keepSize"/> lengthens, a range (fallocate without punching).</summary>
    ValueTask<VfsError> AllocateAsync(VfsHandle handle, long offset, long length, bool keepSize, CancellationToken cancellationToken);

    /// <summary>The value of an extended attribute.</summary>
    ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken);

    /// <summary>The names of the extended attributes.</summary>
    ValueTask<VfsResult<IReadOnlyList<string>>> ListExtendedAttributesAsync(NodeId node, CancellationToken cancellationToken);

    /// <summary>Sets an extended attribute.</summary>
    ValueTask<VfsError> SetExtendedAttributeAsync(NodeId node, string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken);

    /// <summary>Removes an extended attribute.</summary>
    ValueTask<VfsError> RemoveExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken);
}
