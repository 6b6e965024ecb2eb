using System.Text;

namespace FtpMount.Ftp.Listing;

/// <summary>The values of one line's facts, in the line's own bytes; empty when absent.</summary>
internal ref struct MlsxFacts
{
    public ReadOnlySpan<byte> Type;
    public ReadOnlySpan<byte> Size;
    public ReadOnlySpan<byte> DirectorySize;
    public ReadOnlySpan<byte> Modify;
    public ReadOnlySpan<byte> Create;
    public ReadOnlySpan<byte> Permissions;
    public ReadOnlySpan<byte> Unique;
    public ReadOnlySpan<byte> Mode;
    public ReadOnlySpan<byte> Owner;
    public ReadOnlySpan<byte> OwnerName;
    public ReadOnlySpan<byte> UserId;
    public ReadOnlySpan<byte> Group;
    public ReadOnlySpan<byte> GroupName;
    public ReadOnlySpan<byte> GroupId;

    /// <summary>Whether <c>perm</c> was given: an empty one means that nothing is permitted.</summary>
    public bool HasPermissions;

    /// <summary>The fact of this name, in any case.</summary>
    public static MlsxFact Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        4 when Is(name, "type"u8) => MlsxFact.Type,
        4 when Is(name, "size"u8) => MlsxFact.Size,
        4 when Is(name, "perm"u8) => MlsxFact.Permissions,
        4 when Is(name, "sizd"u8) => MlsxFact.DirectorySize,
        6 when Is(name, "modify"u8) => MlsxFact.Modify,
        6 when Is(name, "unique"u8) => MlsxFact.Unique,
        6 when Is(name, "create"u8) => MlsxFact.Create,
        8 when Is(name, "UNIX.uid"u8) => MlsxFact.UserId,
        8 when Is(name, "UNIX.gid"u8) => MlsxFact.GroupId,
        9 when Is(name, "UNIX.mode"u8) => MlsxFact.Mode,
        10 when Is(name, "UNIX.owner"u8) => MlsxFact.Owner,
        10 when Is(name, "UNIX.group"u8) => MlsxFact.Group,
        14 when Is(name, "UNIX.ownername"u8) => MlsxFact.OwnerName,
        14 when Is(name, "UNIX.groupname"u8) => MlsxFact.GroupName,
        _ => MlsxFact.Unknown,
    };

    /// <summary>Sets a value; of a fact that comes twice the last counts.</summary>
    public void Set(MlsxFact fact, ReadOnlySpan<byte> value)
    {
        switch (fact)
        {
            case MlsxFact.Type:
                Type = value;
                break;
            case MlsxFact.Size:
                Size = value;
                break;
            case MlsxFact.DirectorySize:
                DirectorySize = value;
                break;
            case MlsxFact.Modify:
                Modify = value;
                break;
            case MlsxFact.Create:
                Create = value;
                break;
            case MlsxFact.Permissions:
                Permissions = value;
                HasPermissions = true;
                break;
            case MlsxFact.Unique:
                Unique = value;
                break;
            case MlsxFact.Mode:
                Mode = value;
                break;
            case MlsxFact.Owner:
                Owner = value;
                break;
            case MlsxFact.OwnerName:
                OwnerName = value;
                break;
            case MlsxFact.UserId:
                UserId = value;
                break;
            case MlsxFact.Group:
                Group = value;
                break;
            case MlsxFact.GroupName:
                GroupName = value;
                break;
            case MlsxFact.GroupId:
                GroupId = value;
                break;
            default:
                break;
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> fact) => Ascii.EqualsIgnoreCase(name, fact);
}
