using FtpMount.Remote;

namespace FtpMount.Vfs.Coherence;

/// <summary>What asking for one name gave.</summary>
/// <param name="Error"><see cref="VfsError.None"/>, or why there is no answer; a name that does not exist is an answer.</param>
/// <param name="Entry">What the server says; null when the name does not exist.</param>
/// <param name="IsSettled">False when the name was changed here meanwhile: ask again.</param>
/// <param name="StartedAt">When the server was asked.</param>
internal readonly record struct StatOutcome(VfsError Error, RemoteEntry? Entry, bool IsSettled, long StartedAt);
