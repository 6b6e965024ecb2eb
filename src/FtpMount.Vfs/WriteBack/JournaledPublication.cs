using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>A version of a file that was about to get its name on the server. Whether it did is not known: should the server have it, it is this program's own.</summary>
/// <param name="Path">Where.</param>
/// <param name="Version">Its size and the time that it was given.</param>
internal sealed record JournaledPublication(RemotePath Path, FileVersion Version);
