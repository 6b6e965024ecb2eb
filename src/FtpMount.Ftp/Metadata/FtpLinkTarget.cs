using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// The targets of links as they may be shown. The kernel that reads a link here follows it on this machine, where a path of the server means something else: so a target
/// within the folder that is shown is given relative to the link, and one that leads out of it is not given at all.
/// </summary>
internal static class FtpLinkTarget
{
    /// <summary>What to show; null when the target leads out of the folder that is shown, or may do so.</summary>
    /// <param name="link">The path of the link.</param>
    /// <param name="target">Its target as the server keeps it.</param>
    /// <param name="root">The folder that is shown.</param>
    public static string? Shown(RemotePath link, string target, RemotePath root) =>
        target.StartsWith('/') ? FromAbsolute(link, target, root) : StaysInside(link, target, root) ? target : null;

    private static string? FromAbsolute(RemotePath link, string target, RemotePath root)
    {
        var segments = target.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (Array.Exists(segments, segment => segment == ".."))
            return null;
        var path = RemotePath.Parse(target);
        if (!path.IsAtOrBelow(root) || !link.IsAtOrBelow(root))
            return null;
        var from = link.Parent;
        var up = 0;
        while (!path.IsAtOrBelow(from))
        {
            from = from.Parent;
            up++;
        }

        var below = path.Value.AsSpan(from.IsRoot ? 0 : from.Value.Length).Trim('/').ToString();
        var result = string.Join('/', [.. Enumerable.Repeat("..", up), .. below.Length > 0 ? [below] : Array.Empty<string>()]);
        return result.Length == 0 ? "." : result;
    }

    /// <summary>
    /// Only <c>..</c> at the beginning are counted against the depth of the link. One after a name is refused: where the name is itself a link, it leads anywhere.
    /// </summary>
    private static bool StaysInside(RemotePath link, string target, RemotePath root)
    {
        var place = link.Parent;
        var named = false;
        foreach (var range in target.AsSpan().Split('/'))
        {
            var segment = target.AsSpan()[range];
            if (segment.IsEmpty || segment is ".")
                continue;
            if (segment is not "..")
            {
                named = true;
                continue;
            }

            if (named || place == root || place.IsRoot)
                return false;
            place = place.Parent;
        }

        return true;
    }
}
