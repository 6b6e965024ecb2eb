namespace FtpMount.Fuse.Kernel;

/// <summary>Which fields of SETATTR count: the FATTR_ bits.</summary>
[Flags]
internal enum FuseSetattrValid : uint
{
    Mode = 1 << 0,
    UserId = 1 << 1,
    GroupId = 1 << 2,
    Size = 1 << 3,
    Accessed = 1 << 4,
    Modified = 1 << 5,
    Handle = 1 << 6,
    AccessedNow = 1 << 7,
    ModifiedNow = 1 << 8,
    LockOwner = 1 << 9,
    Changed = 1 << 10,
    KillSuidGid = 1 << 11,
}
