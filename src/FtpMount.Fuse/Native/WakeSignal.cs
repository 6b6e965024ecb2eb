using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Native;

/// <summary>
/// A signal that does nothing but end the system call of the thread that gets it. Closing a descriptor does not wake a thread that
/// reads from it, so this is the only way to get one out of read(2) while the mount still lives.
/// </summary>
internal static class WakeSignal
{
    /// <summary>A real-time signal that neither the C library (32, 33) nor .NET (34) takes for itself.</summary>
    private const int Number = 50;

    private static readonly Lazy<bool> Installed = new(Install);

    /// <summary>Must have been called before the first <see cref="Send"/>.</summary>
    public static bool EnsureInstalled() => Installed.Value;

    /// <summary>Wakes a thread, which must not have ended. Lost when the thread is just not in a system call: repeat it.</summary>
    public static void Send(nuint thread) => _ = LibC.SignalThread(thread, Number);

    private static bool Install()
    {
        // The handler must be native, for managed code cannot run at any point of a thread: abs(3) takes an int, as a handler does,
        // and does nothing with it.
        var handler = NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "abs");
        const nint Failed = -1;
        return LibC.SetSignalHandler(Number, handler) != Failed && LibC.SetSignalInterrupts(Number, 1) == 0;
    }
}
