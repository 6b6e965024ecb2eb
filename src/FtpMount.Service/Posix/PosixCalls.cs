using System.Runtime.InteropServices;

namespace FtpMount.Service.Posix;

/// <summary>The calls of the C library that .NET has no API for. Each is POSIX or Linux, see its man page.</summary>
internal static partial class PosixCalls
{
    internal const int DetachMount = 2; // umount2(2): MNT_DETACH
    internal const int NoFollow = 8; // umount2(2): UMOUNT_NOFOLLOW
    internal const int CurrentDirectory = -100; // AT_FDCWD
    internal const int NoFollowLink = 0x100; // AT_SYMLINK_NOFOLLOW
    internal const int NoAutomount = 0x800; // AT_NO_AUTOMOUNT
    internal const int ForceSync = 0x2000; // AT_STATX_FORCE_SYNC
    internal const uint BasicStats = 0x7FF; // STATX_BASIC_STATS

    [LibraryImport("libc")]
    internal static partial uint geteuid();

    [LibraryImport("libc")]
    internal static partial uint getegid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint realpath(string path, nint resolved);

    [LibraryImport("libc")]
    internal static partial void free(nint pointer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int directory, string path, int flags, uint mask, out StatxBuffer buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int access(string path, int mode);
}
