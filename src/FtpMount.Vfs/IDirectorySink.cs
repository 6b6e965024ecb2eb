namespace FtpMount.Vfs;

/// <summary>Where a directory is read into: the adapter's reply buffer.</summary>
public interface IDirectorySink
{
    /// <summary>Whether the reader wants whole entries (READDIRPLUS): then each accepted one with a node counts as one lookup.</summary>
    bool WantsEntries { get; }

    /// <summary>Adds a name. Called in the order of the cookies.</summary>
    /// <param name="name">The name (<c>.</c> and <c>..</c> included).</param>
    /// <param name="entry">The inode and its attributes; only inode number and kind count when <see cref="WantsEntries"/> is false. <c>.</c> and <c>..</c> carry <see cref="NodeId.None"/> and are never counted.</param>
    /// <param name="nextCookie">The cookie to go on with after this entry.</param>
    /// <returns>False when it did not fit; it is then not counted and is to be offered again next time.</returns>
    bool TryAdd(ReadOnlySpan<char> name, in VfsEntry entry, long nextCookie);
}
