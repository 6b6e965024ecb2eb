namespace FtpMount.Remote;

/// <summary>
/// What a remote operation is for. The pool keeps the lanes apart so that an interactive operation never waits behind bulk
/// transfers: the lanes after <see cref="Interactive"/> together never hold the last connection (when there is more than one).
/// </summary>
public enum Lane
{
    /// <summary>A program waits for one short answer: stat, list, rename, mkdir, and the like.</summary>
    Interactive,

    /// <summary>A program waits for content that it reads.</summary>
    Read,

    /// <summary>Content goes to the server.</summary>
    Write,

    /// <summary>Nobody waits yet: read-ahead of other files, walks, revalidation. Yields to every other lane.</summary>
    Prefetch,
}
