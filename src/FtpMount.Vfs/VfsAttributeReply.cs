namespace FtpMount.Vfs;

/// <summary>Attributes and how long they may be believed.</summary>
/// <param name="Attributes">The attributes.</param>
/// <param name="Timeout">How long an adapter may cache them.</param>
public readonly record struct VfsAttributeReply(VfsAttributes Attributes, TimeSpan Timeout);
