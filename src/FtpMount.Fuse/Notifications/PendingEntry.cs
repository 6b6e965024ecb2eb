using FtpMount.Vfs;

namespace FtpMount.Fuse.Notifications;

/// <summary>The name that an invalidation is about.</summary>
/// <param name="Parent">Its directory.</param>
/// <param name="Name">The name.</param>
internal readonly record struct PendingEntry(NodeId Parent, string Name);
