using FtpMount.Remote;

namespace FtpMount.Vfs.Incidents;

/// <summary>A file that was changed here and on the server, of which both versions were kept.</summary>
/// <param name="Path">Where the server's version is.</param>
/// <param name="Copy">Where the version from here is.</param>
/// <param name="Time">When that was found out.</param>
public sealed record VfsConflict(RemotePath Path, RemotePath Copy, DateTimeOffset Time);
