using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>The flags of open(2), numbered for this machine: four of them differ between x86-64 and arm64.</summary>
public static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int DataSynchronous = 0x1000;
    public const int CloseOnExec = 0x80000;
    public const int Synchronous = 0x101000;
    public const int PathOnly = 0x200000;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>O_DIRECTORY.</summary>
    public static readonly int Directory = IsArm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW.</summary>
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    /// <summary>O_DIRECT.</summary>
    public static readonly int Direct = IsArm ? 0x10000 : 0x4000;

    /// <summary>O_TMPFILE.</summary>
    public static readonly int TemporaryFile = 0x400000 | Directory;
}
