using FtpMount.Service.Control;

namespace FtpMount.Service.Queue;

/// <summary>What <c>ftpmount queue list --json</c> prints.</summary>
/// <param name="Version">1. A change that could break a reader would raise it.</param>
/// <param name="Mounts">The mounts.</param>
public sealed record QueueDocument(int Version, IReadOnlyList<QueueDocument.Mount> Mounts)
{
    /// <summary>One mount.</summary>
    /// <param name="MountPoint">Where it is, or was, mounted.</param>
    /// <param name="Url">What is, or was, mounted, without secrets.</param>
    /// <param name="Running">Whether a process serves it, and sends.</param>
    /// <param name="StateDirectory">Of one that no process serves: the folder with the content.</param>
    /// <param name="Files">What is not on the server yet.</param>
    public sealed record Mount(string MountPoint, string Url, bool Running, string? StateDirectory, IReadOnlyList<UploadStatus> Files);

    /// <summary>The document of these queues.</summary>
    public static QueueDocument Of(IReadOnlyList<MountQueue> queues) =>
        new(1, [.. queues.Select(q => new Mount(q.MountPoint, q.Url, q.IsRunning, q.StateDirectory, q.Files))]);
}
