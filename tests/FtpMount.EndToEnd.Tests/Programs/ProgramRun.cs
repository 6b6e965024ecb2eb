using System.Diagnostics;
using System.Text;

namespace FtpMount.EndToEnd.Tests.Programs;

/// <summary>
/// Runs ordinary programs with a hard limit of time. The working directory is never on a mount: .NET waits for the child's chdir(2),
/// and would hang with a hung mount; programs are told where to go by their arguments (<c>git -C</c>, <c>make -C</c>, <c>cd</c> in a shell).
/// </summary>
public static class ProgramRun
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="limit">After that it is killed with all its children and the test fails.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Task<ProgramResult> RunAsync(TimeSpan limit, string program, params string[] arguments) => RunAsync(limit, [], program, arguments);

    /// <summary>Runs a shell script; <paramref name="arguments"/> are its <c>$1</c> and so on. It ends at the first failure.</summary>
    public static Task<ProgramResult> ShellAsync(TimeSpan limit, string script, params string[] arguments) =>
        RunAsync(limit, [], "/bin/sh", ["-euc", script, "sh", .. arguments]);

    /// <summary>Runs a program with additional environment variables.</summary>
    public static async Task<ProgramResult> RunAsync(TimeSpan limit, Dictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        start.Environment["LC_ALL"] = "C.UTF-8";
        string command = $"{program} {string.Join(' ', arguments)}";
        var output = new StringBuilder();
        var error = new StringBuilder();
        long started = Stopwatch.GetTimestamp();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            using var patience = new CancellationTokenSource(KillPatience);
            await process.WaitForExitAsync(patience.Token).ContinueWith(_ => { }, TaskScheduler.Default); // a process that hangs in the kernel stays
            Assert.Fail($"{command}\nwas killed after {limit.TotalSeconds} s\n{Text(output)}{Text(error)}");
        }
        return new ProgramResult(command, process.ExitCode, Text(output), Text(error), Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Whether a program is installed.</summary>
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Skips the test unless a program is installed.</summary>
    public static void SkipUnlessInstalled(string program) => Assert.SkipUnless(IsInstalled(program), $"{program} is not installed");

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line is not null)
                text.Append(line).Append('\n');
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
