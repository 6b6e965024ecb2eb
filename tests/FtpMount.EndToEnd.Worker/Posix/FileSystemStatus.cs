using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary><c>struct statvfs</c> of 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential, Size = 112)]
public struct FileSystemStatus
{
    public ulong BlockSize;
    public ulong FragmentSize;
    public ulong Blocks;
    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Files;
    public ulong FreeFiles;
    public ulong AvailableFiles;
    public ulong FileSystemId;
    public ulong Flags;
    public ulong MaximumNameLength;
}
