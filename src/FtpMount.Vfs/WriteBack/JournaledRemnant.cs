using FtpMount.Remote;

namespace FtpMount.Vfs.WriteBack;

/// <summary>A file of this program's own on the server, under a name that nobody else uses, that must not stay there.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Original">For a file that was unlinked while it was open: the name that it had. Null for the temporary file of an upload.</param>
internal sealed record JournaledRemnant(RemotePath Path, RemotePath? Original);
