namespace FtpMount.Service.Queue;

/// <summary>How a person names files of a queue: as they are seen in the mount, relative to the mount, or by their path on the server as the queue shows it.</summary>
public static class QueuePaths
{
    /// <summary>The path on the server.</summary>
    /// <param name="given">As it was written.</param>
    /// <param name="mountPoint">The mount point.</param>
    /// <param name="root">The folder on the server that is mounted.</param>
    public static string ToServer(string given, string mountPoint, string root)
    {
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(mountPoint);
        ArgumentNullException.ThrowIfNull(root);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
        if (IsAtOrBelow(full, mountPoint))
            return Below(root, full[mountPoint.Length..]);
        return given.StartsWith('/') ? full : Below(root, Path.TrimEndingDirectorySeparator(Path.GetFullPath(given, "/")));
    }

    /// <summary>Whether a path is another or lies below it, both absolute and without links.</summary>
    public static bool IsAtOrBelow(string path, string ancestor)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(ancestor);
        return path == ancestor || ancestor == "/" || (path.StartsWith(ancestor, StringComparison.Ordinal) && path[ancestor.Length] == '/');
    }

    private static string Below(string root, string relative) => relative is "" or "/" ? root : root.TrimEnd('/') + relative;
}
