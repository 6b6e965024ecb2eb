using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>What a format found in one line of LIST, in the line's own bytes.</summary>
internal ref struct ListLine
{
    public RemoteKind Kind;
    public ReadOnlySpan<byte> Name;

    /// <summary>The target of a link; empty when unknown.</summary>
    public ReadOnlySpan<byte> LinkTarget;
    public long? Size;
    public RemoteTime? Modified;
    public int? Mode;

    /// <summary>The owner's name or number; empty when unknown.</summary>
    public ReadOnlySpan<byte> Owner;

    /// <summary>The group's name or number; empty when unknown.</summary>
    public ReadOnlySpan<byte> Group;

    /// <summary>The server's identity of the object; empty when it tells none.</summary>
    public ReadOnlySpan<byte> UniqueId;
}
