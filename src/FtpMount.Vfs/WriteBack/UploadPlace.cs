using FtpMount.Remote;

namespace FtpMount.Vfs.WriteBack;

/// <summary>Where an upload is to go, after the server was asked what is there now.</summary>
/// <param name="Path">The path.</param>
/// <param name="Settled">What is there, when nothing need be sent: the same content, or one that was chosen over it; null otherwise.</param>
/// <param name="IsTheirs">Whether <paramref name="Settled"/> is somebody else's, and the content from here is to be dropped.</param>
internal readonly record struct UploadPlace(RemotePath Path, RemoteEntry? Settled = null, bool IsTheirs = false);
