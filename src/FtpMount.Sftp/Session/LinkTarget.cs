using FtpMount.Remote;

namespace FtpMount.Sftp.Session;

/// <summary>
/// Keeps the targets of symbolic links inside the mount. The kernel resolves a target name by name and looks up every further link on the way here again, so that it is enough
/// that each target by itself stays inside: <c>..</c> at its beginning goes up from the link's own directory, which is no link; behind a name it may go up from wherever
/// that name leads, which only the server knows.
/// </summary>
internal static class LinkTarget
{
    /// <summary>Whether the text alone does not tell where the target leads: <c>..</c> behind a name.</summary>
    public static bool NeedsServer(string target)
    {
        var hasName = false;
        foreach (var segment in Segments(target))
        {
            if (segment == "..")
            {
                if (hasName || target[0] == '/')
                    return true;
            }
            else
            {
                hasName = true;
            }
        }

        return false;
    }

    /// <summary>The target as the mount shows it; null when it leads out of the root. A relative one stays as it is.</summary>
    /// <param name="target">The target, for which <see cref="NeedsServer"/> is false.</param>
    /// <param name="link">Where the link is.</param>
    /// <param name="root">The folder that the mount shows.</param>
    public static string? Contain(string target, RemotePath link, RemotePath root)
    {
        if (target.Length == 0)
            return null;
        var depth = Depth(link.Parent) - Depth(root);
        if (target[0] != '/')
        {
            var up = Segments(target).TakeWhile(segment => segment == "..").Count();
            return up <= depth ? target : null;
        }

        var absolute = RemotePath.Parse(target);
        if (!absolute.IsAtOrBelow(root))
            return null;

        // From the link's directory up to what both have in common, and down to the target.
        var from = link.Parent.Value.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var to = absolute.Value.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var common = 0;
        while (common < from.Length && common < to.Length && from[common] == to[common])
            common++;
        var relative = string.Join('/', Enumerable.Repeat("..", from.Length - common).Concat(to[common..]));
        return relative.Length == 0 ? "." : relative;
    }

    private static int Depth(RemotePath path) => path.IsRoot ? 0 : path.Value.Count(c => c == '/');

    private static IEnumerable<string> Segments(string target) =>
        target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(segment => segment != ".");
}
