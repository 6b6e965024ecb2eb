using FtpMount.Remote;

namespace FtpMount.Vfs.WriteBack;

/// <summary>A rename that was asked of the server and not yet noted as done: after a crash the server is asked whether it was.</summary>
/// <param name="Id">Its number in the journal.</param>
/// <param name="Source">The old path.</param>
/// <param name="Target">The new path.</param>
internal sealed record JournaledRename(long Id, RemotePath Source, RemotePath Target);
