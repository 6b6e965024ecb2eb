namespace FtpMount.Cli.Commands;

/// <summary>Which files <c>ftpmount queue</c> is to do something with, as written.</summary>
/// <param name="MountPoint">The mount point.</param>
/// <param name="Paths">Files and folders.</param>
/// <param name="Ids">Files by their numbers.</param>
/// <param name="StateRoot">The folder of the state folders; null for the default.</param>
internal sealed record QueueRequest(string MountPoint, IReadOnlyList<string> Paths, IReadOnlyList<long> Ids, string? StateRoot)
{
    /// <summary>Whether nothing in particular was named.</summary>
    internal bool IsForAll => Paths.Count == 0 && Ids.Count == 0;
}
