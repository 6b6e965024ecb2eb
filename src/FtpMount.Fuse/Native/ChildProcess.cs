using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace FtpMount.Fuse.Native;

/// <summary>
/// A child process by posix_spawn(3), for the one thing that <see cref="System.Diagnostics.Process"/> cannot do: hand a descriptor
/// to this child and to no other. The descriptors are close-on-exec here and made inheritable in the child only.
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    /// <summary>More than any C library's opaque spawn structures and signal sets take.</summary>
    private const int OpaqueRoom = 1024;

    private const int SignalSetRoom = 128;
    private const int StandardInput = 0;
    private const int StandardError = 2;
    private const int ErrorTextRoom = 4096;
    private const int InterruptedCall = 4;

    private readonly int _pid;
    private int _errorPipe;
    private bool _reaped;

    private ChildProcess(int pid, int errorPipe)
    {
        _pid = pid;
        _errorPipe = errorPipe;
    }

    /// <summary>Starts a program with an empty standard input and its standard error caught.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments after its name.</param>
    /// <param name="variable">A variable to add to this process's environment, as <c>NAME=value</c>; or null.</param>
    /// <param name="inherited">A descriptor that it inherits under the same number; or -1.</param>
    /// <exception cref="IOException">It could not be started.</exception>
    public static ChildProcess Start(string path, IReadOnlyList<string> arguments, string? variable, int inherited)
    {
        var pipe = stackalloc int[2];
        if (LibC.Pipe(pipe, LibC.OpenCloseOnExec) != 0)
            throw new IOException($"No pipe: {LibC.Describe(Marshal.GetLastPInvokeError())}.");

        var actions = stackalloc byte[OpaqueRoom];
        var attributes = stackalloc byte[OpaqueRoom];
        var signals = stackalloc byte[SignalSetRoom];
        Check(LibC.SpawnFileActionsInit(actions), path);
        Check(LibC.SpawnAttributesInit(attributes), path);
        var argumentBlock = NullTerminated([Path.GetFileName(path), .. arguments]);
        var environmentBlock = NullTerminated([.. Environment(), .. variable is null ? Array.Empty<string>() : [variable]]);
        var pathBytes = (byte*)Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            Check(LibC.SpawnFileActionsAddOpen(actions, StandardInput, "/dev/null", 0, 0), path);
            Check(LibC.SpawnFileActionsAddDup2(actions, pipe[1], StandardError), path);
            if (inherited >= 0)
                Check(LibC.SpawnFileActionsAddDup2(actions, inherited, inherited), path); // To itself: only takes close-on-exec away (POSIX.1-2024, glibc 2.29).

            // .NET ignores SIGPIPE and may block signals, which a child would inherit.
            new Span<byte>(signals, SignalSetRoom).Clear();
            Check(LibC.SpawnAttributesSetSignalMask(attributes, signals), path);
            signals[(LibC.SignalPipe - 1) / 8] = 1 << ((LibC.SignalPipe - 1) % 8);
            Check(LibC.SpawnAttributesSetSignalDefaults(attributes, signals), path);
            Check(LibC.SpawnAttributesSetFlags(attributes, LibC.SpawnSetSignalDefaults | LibC.SpawnSetSignalMask), path);

            int pid;
            Check(LibC.Spawn(&pid, pathBytes, actions, attributes, argumentBlock, environmentBlock), path);
            return new ChildProcess(pid, pipe[0]);
        }
        catch (IOException)
        {
            _ = LibC.Close(pipe[0]);
            throw;
        }
        finally
        {
            _ = LibC.Close(pipe[1]);
            Marshal.FreeCoTaskMem((nint)pathBytes);
            Free(argumentBlock);
            Free(environmentBlock);
            _ = LibC.SpawnAttributesDestroy(attributes);
            _ = LibC.SpawnFileActionsDestroy(actions);
        }
    }

    /// <summary>Waits for the end of the program; ends it when it takes longer than <paramref name="timeout"/>.</summary>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="error">What it wrote to standard error, on one line.</param>
    /// <returns>Its exit code; -1 when it was ended or that cannot be known.</returns>
    public int WaitForExit(TimeSpan timeout, out string error)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var text = new StringBuilder();
        var buffer = stackalloc byte[ErrorTextRoom];
        var timedOut = false;
        while (true)
        {
            var left = timeout - System.Diagnostics.Stopwatch.GetElapsedTime(started);
            var poll = new PollDescriptor { Descriptor = _errorPipe, Events = LibC.PollIn };
            var ready = LibC.Poll(&poll, 1, (int)Math.Clamp(left.TotalMilliseconds, 0, int.MaxValue));
            if (ready < 0 && Marshal.GetLastPInvokeError() == InterruptedCall)
                continue;
            if (ready <= 0)
            {
                timedOut = true;
                _ = LibC.Kill(_pid, LibC.SignalKill);
                break;
            }

            var length = LibC.Read(_errorPipe, buffer, ErrorTextRoom);
            if (length < 0 && Marshal.GetLastPInvokeError() == InterruptedCall)
                continue;
            if (length <= 0)
                break; // Closed: the program has ended, or is about to.
            text.Append(Encoding.UTF8.GetString(buffer, (int)length));
        }

        error = timedOut ? $"it took longer than {timeout.TotalSeconds:0} s" : text.ToString().Trim().ReplaceLineEndings("; ");
        var status = Reap();
        const int ExitCodeShift = 8;
        return status < 0 || (status & 0x7F) != 0 ? -1 : (status >> ExitCodeShift) & 0xFF;
    }

    /// <summary>Ends the program when it still runs.</summary>
    public void Dispose()
    {
        if (!_reaped)
        {
            _ = LibC.Kill(_pid, LibC.SignalKill);
            Reap();
        }

        if (_errorPipe >= 0)
            _ = LibC.Close(_errorPipe);
        _errorPipe = -1;
    }

    /// <summary>These calls return their errno.</summary>
    private static void Check(int errno, string path)
    {
        if (errno != 0)
            throw new IOException($"{path} cannot be started: {LibC.Describe(errno)}.");
    }

    private int Reap()
    {
        _reaped = true;
        int status;
        while (LibC.WaitPid(_pid, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != InterruptedCall)
                return -1; // SIGCHLD is ignored in this process: the exit code is lost.
        }

        return status;
    }

    private static IEnumerable<string> Environment()
    {
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            yield return $"{entry.Key}={entry.Value}";
    }

    private static byte** NullTerminated(IReadOnlyList<string> strings)
    {
        var block = (byte**)NativeMemory.AllocZeroed((nuint)(strings.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < strings.Count; i++)
            block[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        return block;
    }

    private static void Free(byte** block)
    {
        for (var i = 0; block[i] is not null; i++)
            Marshal.FreeCoTaskMem((nint)block[i]);
        NativeMemory.Free(block);
    }
}
