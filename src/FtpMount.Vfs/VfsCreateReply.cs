namespace FtpMount.Vfs;

/// <summary>The answer to a create: the new name (one lookup counted) and its open handle.</summary>
/// <param name="Entry">The name.</param>
/// <param name="Open">The handle.</param>
public readonly record struct VfsCreateReply(VfsEntry Entry, VfsOpenReply Open);
