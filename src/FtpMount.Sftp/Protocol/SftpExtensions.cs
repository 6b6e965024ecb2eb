namespace FtpMount.Sftp.Protocol;

/// <summary>What a server offers beyond version 3 (OpenSSH's PROTOCOL file; draft-ietf-secsh-filexfer-extensions-00 for the others), as its VERSION packet says.</summary>
[Flags]
internal enum SftpExtensions
{
    None = 0,
    PosixRename = 1 << 0,
    Statvfs = 1 << 1,
    Fstatvfs = 1 << 2,
    Hardlink = 1 << 3,
    Fsync = 1 << 4,
    Lsetstat = 1 << 5,
    Limits = 1 << 6,
    ExpandPath = 1 << 7,
    CopyData = 1 << 8,
    HomeDirectory = 1 << 9,
    UsersGroupsById = 1 << 10,
    CheckFileHandle = 1 << 11,
    CheckFileName = 1 << 12,
}
