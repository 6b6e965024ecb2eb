namespace FtpMount.Service.Control;

/// <summary>The cached content.</summary>
/// <param name="MemoryBytes">In memory.</param>
/// <param name="DiskBytes">On disk.</param>
/// <param name="MemoryLimit">The most in memory.</param>
/// <param name="DiskLimit">The most on disk.</param>
public sealed record CacheStatus(long MemoryBytes, long DiskBytes, long MemoryLimit, long DiskLimit);
