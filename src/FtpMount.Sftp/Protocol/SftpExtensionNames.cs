namespace FtpMount.Sftp.Protocol;

/// <summary>The names under which servers offer extensions and requests use them.</summary>
internal static class SftpExtensionNames
{
    public static ReadOnlySpan<byte> PosixRename => "posix-rename@openssh.com"u8;

    public static ReadOnlySpan<byte> Statvfs => "statvfs@openssh.com"u8;

    public static ReadOnlySpan<byte> Fstatvfs => "fstatvfs@openssh.com"u8;

    public static ReadOnlySpan<byte> Hardlink => "hardlink@openssh.com"u8;

    public static ReadOnlySpan<byte> Fsync => "fsync@openssh.com"u8;

    public static ReadOnlySpan<byte> Lsetstat => "lsetstat@openssh.com"u8;

    public static ReadOnlySpan<byte> Limits => "limits@openssh.com"u8;

    public static ReadOnlySpan<byte> ExpandPath => "expand-path@openssh.com"u8;

    public static ReadOnlySpan<byte> CopyData => "copy-data"u8;

    public static ReadOnlySpan<byte> HomeDirectory => "home-directory"u8;

    public static ReadOnlySpan<byte> UsersGroupsById => "users-groups-by-id@openssh.com"u8;

    public static ReadOnlySpan<byte> CheckFileHandle => "check-file-handle"u8;

    public static ReadOnlySpan<byte> CheckFileName => "check-file-name"u8;

    /// <summary>ProFTPD and others announce both forms of check-file under this one name.</summary>
    public static ReadOnlySpan<byte> CheckFile => "check-file"u8;

    /// <summary>What an announced name stands for.</summary>
    public static SftpExtensions Find(ReadOnlySpan<byte> name) =>
        name.SequenceEqual(PosixRename) ? SftpExtensions.PosixRename
        : name.SequenceEqual(Statvfs) ? SftpExtensions.Statvfs
        : name.SequenceEqual(Fstatvfs) ? SftpExtensions.Fstatvfs
        : name.SequenceEqual(Hardlink) ? SftpExtensions.Hardlink
        : name.SequenceEqual(Fsync) ? SftpExtensions.Fsync
        : name.SequenceEqual(Lsetstat) ? SftpExtensions.Lsetstat
        : name.SequenceEqual(Limits) ? SftpExtensions.Limits
        : name.SequenceEqual(ExpandPath) ? SftpExtensions.ExpandPath
        : name.SequenceEqual(CopyData) ? SftpExtensions.CopyData
        : name.SequenceEqual(HomeDirectory) ? SftpExtensions.HomeDirectory
        : name.SequenceEqual(UsersGroupsById) ? SftpExtensions.UsersGroupsById
        : name.SequenceEqual(CheckFileHandle) ? SftpExtensions.CheckFileHandle
        : name.SequenceEqual(CheckFileName) ? SftpExtensions.CheckFileName
        : name.SequenceEqual(CheckFile) ? SftpExtensions.CheckFileHandle | SftpExtensions.CheckFileName
        : SftpExtensions.None;
}
