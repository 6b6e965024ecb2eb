using System.Runtime.InteropServices;

namespace FtpMount.Cli.Posix;

/// <summary>The calls of the C library that .NET has no API for. Each is POSIX or Linux, see its man page.</summary>
internal static unsafe partial class PosixCalls
{
    internal const int ReadWrite = 2; // open(2): O_RDWR
    internal const uint CloseOnExec = 4; // close_range(2): CLOSE_RANGE_CLOEXEC
    internal const int SetDescriptorFlags = 2; // fcntl(2): F_SETFD
    internal const int DescriptorCloseOnExec = 1; // FD_CLOEXEC
    internal const int Terminate = 15; // SIGTERM

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close_range(uint first, uint last, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int process, int signal);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(int descriptor, long offset, int whence);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unsetenv(string name);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int execv(string path, byte** arguments);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial byte* getpass(byte* prompt);
}
