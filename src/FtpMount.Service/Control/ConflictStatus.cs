namespace FtpMount.Service.Control;

/// <summary>A file that was changed here and on the server, of which both versions are there.</summary>
/// <param name="Path">Where the server's version is, on the server.</param>
/// <param name="Copy">Where the version from here is, on the server.</param>
/// <param name="Time">When that was found out.</param>
public sealed record ConflictStatus(string Path, string Copy, DateTimeOffset Time);
