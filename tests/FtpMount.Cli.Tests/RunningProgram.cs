using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FtpMount.Cli.Tests;

/// <summary>A program that was started and can be watched and signalled; killed when disposed.</summary>
public sealed partial class RunningProgram : IAsyncDisposable
{
    public const int Interrupt = 2; // SIGINT
    public const int Kill = 9; // SIGKILL
    public const int Terminate = 15; // SIGTERM

    /// <summary>No step of the program takes longer, however slow the machine.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly System.Text.StringBuilder _errors = new();
    private readonly Task _readingErrors;
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    public RunningProgram(Process process, bool readOutput = true)
    {
        _process = process;
        _output = readOutput ? process.StandardOutput.ReadToEndAsync() : Task.FromResult("");
        _readingErrors = ReadErrorsAsync();
    }

    public int Id => _process.Id;

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Waits until a text has appeared on stderr.</summary>
    public async Task WaitForErrorTextAsync(string text)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_errors)
        {
            if (_errors.ToString().Contains(text, StringComparison.Ordinal))
                return;
            _awaited.Add((text, seen));
        }

        if (await Task.WhenAny(seen.Task, _readingErrors).WaitAsync(Limit, TestContext.Current.CancellationToken) != seen.Task)
            Assert.Fail($"The program ended without writing '{text}':\n{_errors}");
    }

    public void Signal(int signal) => Assert.Equal(0, kill(_process.Id, signal));

    public async Task<ProgramResult> WaitAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        await _process.WaitForExitAsync(limit.Token);
        var output = await _output.WaitAsync(limit.Token);
        await _readingErrors.WaitAsync(limit.Token);
        return new ProgramResult(_process.ExitCode, output, _errors.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                _errors.Append(line).Append('\n');
                foreach (var (text, seen) in _awaited)
                {
                    if (_errors.ToString().Contains(text, StringComparison.Ordinal))
                        seen.TrySetResult();
                }
            }
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
