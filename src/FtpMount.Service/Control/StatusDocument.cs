namespace FtpMount.Service.Control;

/// <summary>What <c>ftpmount status --json</c> prints.</summary>
/// <param name="Version">1. A change that could break a reader would raise it.</param>
/// <param name="Mounts">The mounts.</param>
public sealed record StatusDocument(int Version, IReadOnlyList<MountStatus> Mounts);
