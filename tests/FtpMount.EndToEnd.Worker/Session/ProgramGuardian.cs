using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Session;

/// <summary>
/// Runs the mount program and clears up behind it: when the test program ends, however it ends, its pipe to this process ends, and
/// this process kills the program, detaches the mount point and removes the folders. Nothing but its own child is ever signalled.
/// <para>Arguments: the folder to remove, the mount point, the log, the program, its arguments.
/// Commands on standard input: <c>kill</c> (SIGKILL), <c>term</c> (SIGTERM). Answers: <c>started PID</c>, <c>exited CODE</c>.</para>
/// </summary>
internal sealed class ProgramGuardian(string folder, string mountPoint)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Runs until the input ends.</summary>
    public void Run(string log, string program, IEnumerable<string> arguments)
    {
        // Ctrl-C in the terminal reaches this process too, which must outlive the program in order to clear up behind it.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
        // The shell gives way to the program at once; it is there to send the output to a file that outlives the pipe.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (string argument in (string[])["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, program, .. arguments])
            start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        Console.WriteLine($"started {child.Id}");
        _ = child.WaitForExitAsync().ContinueWith(_ => Console.WriteLine($"exited {child.ExitCode}"), TaskScheduler.Default);
        while (Console.ReadLine() is { } command)
        {
            if (command == "kill")
                child.Kill();
            else if (command == "term")
                Execute("kill", ["-TERM", child.Id.ToString(CultureInfo.InvariantCulture)]);
        }
        if (!child.HasExited)
            child.Kill();
        child.WaitForExit(Patience);
        Detach();
        if (!IsMounted() && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private void Detach()
    {
        for (int attempt = 0; attempt < 5 && IsMounted(); attempt++)
        {
            if (SystemCall.EffectiveUser == 0)
                Execute("umount", ["-l", mountPoint]);
            else
                Execute("fusermount3", ["-uz", mountPoint]);
        }
    }

    private bool IsMounted() => File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == mountPoint);

    private static void Execute(string program, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(program, arguments);
        if (!process.WaitForExit(Patience))
            process.Kill();
    }
}
