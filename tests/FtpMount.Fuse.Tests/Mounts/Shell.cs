using System.Diagnostics;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>Ordinary programs, run as processes of their own, which never wait for ever.</summary>
internal static class Shell
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    /// <summary>Starts a script of <c>sh</c>; <c>$1</c> and on are the arguments.</summary>
    public static Process Start(string script, params string[] arguments) => Launch("/bin/sh", ["-euc", script, "sh", .. arguments]);

    /// <summary>Runs a script to its end.</summary>
    public static async Task<ShellResult> RunAsync(string script, params string[] arguments)
    {
        using var process = Start(script, arguments);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    /// <summary>Starts a program with its streams redirected.</summary>
    public static Process Launch(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of a process and takes what is left of its output; kills it at the deadline.</summary>
    public static async Task<ShellResult> EndAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return new ShellResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The program did not end within {Deadline.TotalSeconds} s.");
        }
    }

    /// <summary>The next line that a process says.</summary>
    public static async Task<string?> ReadLineAsync(Process process) => await process.StandardOutput.ReadLineAsync().WaitAsync(Deadline);
}
