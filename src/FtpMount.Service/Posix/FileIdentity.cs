using System.Runtime.InteropServices;

namespace FtpMount.Service.Posix;

/// <summary>Type, permissions and owner of a file, which decide whether it can be trusted.</summary>
/// <param name="UserId">Its owner.</param>
/// <param name="Mode">st_mode: type and permission bits.</param>
internal readonly record struct FileIdentity(uint UserId, int Mode)
{
    private const int TypeMask = 0xF000;
    private const int DirectoryType = 0x4000;
    private const int SocketType = 0xC000;
    private const int PermissionsOfOthers = 0x3F; // rwxrwx of group and world

    /// <summary>A directory and not a link to one.</summary>
    internal bool IsDirectory => (Mode & TypeMask) == DirectoryType;

    /// <summary>A Unix socket.</summary>
    internal bool IsSocket => (Mode & TypeMask) == SocketType;

    /// <summary>Whether group or world may do anything with it.</summary>
    internal bool IsOpenToOthers => (Mode & PermissionsOfOthers) != 0;

    /// <summary>Asks for a path without following a link in its last component.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">What it is.</param>
    /// <param name="error">Why it cannot be told.</param>
    internal static bool TryGet(string path, out FileIdentity identity, out Errno error) =>
        TryGet(path, PosixCalls.NoFollowLink, out identity, out error);

    /// <summary>Asks for what a path leads to.</summary>
    internal static bool TryGetTarget(string path, out FileIdentity identity, out Errno error) =>
        TryGet(path, 0, out identity, out error);

    /// <summary>As <see cref="TryGetTarget"/>, of who serves the file and not of what the kernel remembers.</summary>
    internal static bool TryAsk(string path, out FileIdentity identity, out Errno error) =>
        TryGet(path, PosixCalls.ForceSync, out identity, out error);

    private static bool TryGet(string path, int flags, out FileIdentity identity, out Errno error)
    {
        if (PosixCalls.statx(PosixCalls.CurrentDirectory, path, flags | PosixCalls.NoAutomount, PosixCalls.BasicStats, out var buffer) == 0)
        {
            identity = new FileIdentity(buffer.UserId, buffer.Mode);
            error = default;
            return true;
        }

        identity = default;
        error = (Errno)Marshal.GetLastPInvokeError();
        return false;
    }
}
