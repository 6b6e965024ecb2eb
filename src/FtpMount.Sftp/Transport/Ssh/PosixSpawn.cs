using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// The calls by which a program is started with pipes of our own, in a session of its own (posix_spawn(3), pipe(7), fcntl(2)). The framework's Process starts
/// programs in the caller's process group: there a terminal's Ctrl-C would end ssh before what is unsent has been sent.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class PosixSpawn
{
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const int NoHang = 1;

    private const int CloseOnExec = 0x80000;
    private const int SetPipeSize = 1031;
    private const short SetSignalDefault = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;

    /// <summary>More than posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t take with any C library.</summary>
    private const int OpaqueSize = 1024;

    /// <summary>A pipe, both ends closed on exec, as large as the system lets it be (1 MiB for ordinary users by default).</summary>
    /// <returns>The ends to read from and to write to.</returns>
    public static (int Read, int Write) CreatePipe(int size)
    {
        var ends = stackalloc int[2];
        if (pipe2(ends, CloseOnExec) != 0)
            throw new IOException($"pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        fcntl(ends[0], SetPipeSize, size);
        return (ends[0], ends[1]);
    }

    /// <summary>Starts a program.</summary>
    /// <param name="arguments">The program, looked for in PATH, and its arguments.</param>
    /// <param name="environment">All of its environment.</param>
    /// <param name="input">Becomes its standard input.</param>
    /// <param name="output">Becomes its standard output.</param>
    /// <param name="error">Becomes its standard error.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="IOException">It cannot be started; the message says why.</exception>
    public static int Start(IReadOnlyList<string> arguments, IReadOnlyList<string> environment, int input, int output, int error)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        var signals = stackalloc byte[OpaqueSize];
        var argv = ToNative(arguments);
        var envp = ToNative(environment);
        Check(posix_spawn_file_actions_init(actions));
        Check(posix_spawnattr_init(attributes));
        try
        {
            Check(posix_spawn_file_actions_adddup2(actions, input, 0));
            Check(posix_spawn_file_actions_adddup2(actions, output, 1));
            Check(posix_spawn_file_actions_adddup2(actions, error, 2));
            Check(sigemptyset(signals));
            Check(posix_spawnattr_setsigmask(attributes, signals));
            Check(sigfillset(signals));
            Check(posix_spawnattr_setsigdefault(attributes, signals));
            Check(posix_spawnattr_setflags(attributes, SetSignalDefault | SetSignalMask | SetSession));
            var failure = posix_spawnp(out var processId, argv[0], actions, attributes, argv, envp);
            return failure == 0
                ? processId
                : throw new IOException($"'{arguments[0]}' cannot be started: {Marshal.GetPInvokeErrorMessage(failure)}");
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            _ = posix_spawnattr_destroy(attributes);
            Free(argv, arguments.Count);
            Free(envp, environment.Count);
        }
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(int processId, int signal) => _ = kill(processId, signal);

    /// <summary>Takes the exit status of a child that has ended.</summary>
    /// <returns>Null while it runs; its exit code, 128 + the signal when one ended it, 0 when somebody else took the status.</returns>
    public static int? TryReap(int processId)
    {
        int status;
        var result = waitpid(processId, &status, NoHang);
        if (result == 0)
            return null;
        if (result < 0)
            return 0;
        var signal = status & 0x7F;
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal;
    }

    /// <summary>Closes a file descriptor.</summary>
    public static void Close(int descriptor) => _ = close(descriptor);

    private static void Check(int failure)
    {
        if (failure != 0)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"A program cannot be started: {Marshal.GetPInvokeErrorMessage(failure)}"));
    }

    private static byte** ToNative(IReadOnlyList<string> strings)
    {
        var native = (byte**)NativeMemory.AllocZeroed((nuint)(strings.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < strings.Count; i++)
            native[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        return native;
    }

    private static void Free(byte** native, int count)
    {
        for (var i = 0; i < count; i++)
            Marshal.FreeCoTaskMem((nint)native[i]);
        NativeMemory.Free(native);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    [LibraryImport("libc")]
    private static partial int kill(int processId, int signal);

    [LibraryImport("libc")]
    private static partial int waitpid(int processId, int* status, int options);

    [LibraryImport("libc")]
    private static partial int sigemptyset(byte* set);

    [LibraryImport("libc")]
    private static partial int sigfillset(byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(byte* actions, int descriptor, int target);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    private static partial int posix_spawnp(out int processId, byte* file, byte* actions, byte* attributes, byte** argv, byte** envp);
}
