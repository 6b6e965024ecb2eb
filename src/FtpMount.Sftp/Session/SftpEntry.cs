using System.Buffers.Text;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Session;

/// <summary>From the attributes of version 3 to what the mount shows.</summary>
internal static class SftpEntry
{
    private const uint TypeMask = 0xF000;
    private const uint DirectoryType = 0x4000;
    private const uint RegularType = 0x8000;
    private const uint LinkType = 0xA000;
    private const int PermissionMask = 0xFFF;

    /// <summary>What it is, by the type bits of st_mode; a server that sends none serves files.</summary>
    public static RemoteKind KindOf(in SftpAttributes attributes) => (attributes.Permissions & TypeMask) switch
    {
        DirectoryType => RemoteKind.Directory,
        LinkType => RemoteKind.Symlink,
        RegularType or 0 or null => RemoteKind.File,
        _ => RemoteKind.Other,
    };

    /// <summary>The entry.</summary>
    public static RemoteEntry From(string name, in SftpAttributes attributes, SftpOwners owners)
    {
        var kind = KindOf(attributes);
        return new RemoteEntry
        {
            Name = name,
            Kind = kind,
            Size = kind != RemoteKind.Directory && attributes.Size is { } size && size <= long.MaxValue ? (long)size : null,
            Modified = attributes.Times is { } times ? new RemoteTime(DateTimeOffset.FromUnixTimeSeconds(times.Modified), TimeSpan.FromSeconds(1)) : null,
            Mode = attributes.Permissions is { } mode ? (int)mode & PermissionMask : null,
            UserId = attributes.Owner is { } owner ? owners.UserHere(owner.User) : null,
            GroupId = attributes.Owner is { } group ? owners.GroupHere(group.Group) : null,
        };
    }

    /// <summary>
    /// The number of names of a file, which version 3 tells in the line for people alone: the second word of what ls -l writes (draft-ietf-secsh-filexfer-02 section 7).
    /// </summary>
    /// <returns>Null when the line has another form.</returns>
    public static int? LinkCountOf(ReadOnlySpan<byte> line)
    {
        const int ModeLength = 10; // -rw-r--r--, with a sign more for access control lists
        var end = line.IndexOf((byte)' ');
        if (end is < ModeLength or > ModeLength + 1)
            return null;
        line = line[end..].TrimStart((byte)' ');
        return Utf8Parser.TryParse(line, out int count, out var length) && count > 0 && length < line.Length && line[length] == ' ' ? count : null;
    }

    /// <summary>Seconds since 1970 for the wire, which has 32 bits without a sign.</summary>
    /// <returns>Null for a time that they cannot hold.</returns>
    public static uint? Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds() is var seconds and >= 0 and <= uint.MaxValue ? (uint)seconds : null;
}
