using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>What tells one content of a remote file from another: what the server says of it without sending it.</summary>
/// <param name="Size">Length in bytes.</param>
/// <param name="Modified">The modification time, when the server tells.</param>
/// <param name="UniqueId">The server's identity of the object, when it tells.</param>
public readonly record struct FileVersion(long Size, RemoteTime? Modified, string? UniqueId)
{
    /// <summary>
    /// Whether, by all that is known of both, they are the same content: the sizes are equal, the times consistent where both are
    /// known, and the identities equal where both are known. Not transitive: an unknown agrees with everything.
    /// </summary>
    public bool IsSameAs(FileVersion other) =>
        Size == other.Size
        && (Modified is not { } mine || other.Modified is not { } theirs || mine.IsConsistentWith(theirs))
        && (UniqueId is null || other.UniqueId is null || string.Equals(UniqueId, other.UniqueId, StringComparison.Ordinal));
}
