using FtpMount.Remote;

namespace FtpMount.Vfs.Incidents;

/// <summary>Something that happened without a call of a program to answer with it.</summary>
/// <param name="Kind">What.</param>
/// <param name="Path">To which file; the mounted folder when it concerns the server as a whole.</param>
/// <param name="Message">In words.</param>
public sealed record VfsIncident(VfsIncidentKind Kind, RemotePath Path, string Message);
