using FtpMount.Remote;

namespace FtpMount.Vfs.Namespace;

/// <summary>What became of a name by the last change made here. It is kept apart from the name's node, which may be gone from memory when an answer comes in.</summary>
/// <param name="Sequence">The directory's <see cref="DirectoryState.ChangeSequence"/> of the change.</param>
/// <param name="IsPresent">Whether the name exists.</param>
/// <param name="Entry">What the server has of it; null when nothing.</param>
internal readonly record struct NameChange(long Sequence, bool IsPresent, RemoteEntry? Entry);
