namespace FtpMount.Fuse;

/// <summary>Why a mount could not be made.</summary>
public enum FuseMountError
{
    /// <summary>The mount point does not exist.</summary>
    MountPointMissing,

    /// <summary>The mount point is not a directory.</summary>
    MountPointNotDirectory,

    /// <summary>The mount point holds files, which the mount would hide.</summary>
    MountPointNotEmpty,

    /// <summary>Something is mounted there already.</summary>
    AlreadyMounted,

    /// <summary><c>/dev/fuse</c> is missing, or the kernel has no FUSE.</summary>
    NoDevice,

    /// <summary>The program <c>fusermount3</c>, which mounts for ordinary users, is missing.</summary>
    NoFusermount,

    /// <summary>This user may not mount there, or not with these options.</summary>
    NoPermission,

    /// <summary>The kernel is too old, or refused for another reason.</summary>
    Failed,
}
