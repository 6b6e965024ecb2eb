namespace FtpMount.Remote;

/// <summary>Room on the server.</summary>
/// <param name="TotalBytes">Size of the file system or quota, in bytes; null when only the free room is known.</param>
/// <param name="AvailableBytes">What this user may still store, in bytes.</param>
public readonly record struct RemoteSpace(long? TotalBytes, long AvailableBytes);
