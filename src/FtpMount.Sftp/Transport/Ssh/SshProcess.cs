using System.IO.Pipes;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// A program that was started with pipes at its three standard streams. Disposing closes the pipes, asks it to end, kills it when it does not, and takes its exit status:
/// no zombie is left. It also ends when this process dies, because its standard input then ends.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class SshProcess : IAsyncDisposable
{
    /// <summary>What an ordinary user may ask for (fs.pipe-max-size); with the default of 64 KiB each end waits for the other 16 times as often.</summary>
    private const int PipeSize = 1 << 20;

    private const int MostErrorText = 8 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>So long it may take to end by itself, and then again after SIGTERM.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly Action<string> _logError;
    private readonly StringBuilder _errorText = new();
    private readonly AnonymousPipeClientStream _error;
    private readonly Task _readingErrors;
    private readonly int _processId;
    private readonly Lock _gate = new();
    private int? _exitCode;
    private Task? _disposal;

    private SshProcess(int processId, int input, int output, int error, TimeProvider time, Action<string> logError)
    {
        _processId = processId;
        _time = time;
        _logError = logError;
        Input = new AnonymousPipeClientStream(PipeDirection.Out, new SafePipeHandle(input, ownsHandle: true));
        Output = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(output, ownsHandle: true));
        _error = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(error, ownsHandle: true));
        _readingErrors = ReadErrorsAsync();
    }

    /// <summary>Its standard input.</summary>
    public AnonymousPipeClientStream Input { get; }

    /// <summary>Its standard output.</summary>
    public AnonymousPipeClientStream Output { get; }

    /// <summary>Its process id.</summary>
    public int ProcessId => _processId;

    /// <summary>What it has said on its standard error so far; the last 8 KiB of it.</summary>
    public string ErrorText
    {
        get
        {
            lock (_gate)
                return _errorText.ToString();
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="arguments">The program, looked for in PATH, and its arguments.</param>
    /// <param name="environment">All of its environment, as NAME=value.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logError">Told each line of its standard error.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    public static SshProcess Start(IReadOnlyList<string> arguments, IReadOnlyList<string> environment, TimeProvider time, Action<string> logError)
    {
        Span<int> ours = [-1, -1, -1];
        Span<int> its = [-1, -1, -1];
        try
        {
            (its[0], ours[0]) = PosixSpawn.CreatePipe(PipeSize);
            (ours[1], its[1]) = PosixSpawn.CreatePipe(PipeSize);
            (ours[2], its[2]) = PosixSpawn.CreatePipe(4096);
            var processId = PosixSpawn.Start(arguments, environment, its[0], its[1], its[2]);
            var process = new SshProcess(processId, ours[0], ours[1], ours[2], time, logError);
            ours.Fill(-1);
            return process;
        }
        finally
        {
            foreach (var end in (ReadOnlySpan<int>)[.. ours, .. its])
            {
                if (end >= 0)
                    PosixSpawn.Close(end);
            }
        }
    }

    /// <summary>Waits for its end and for what it says last.</summary>
    /// <param name="longest">How long at most.</param>
    /// <returns>Its exit code; null when it still runs then.</returns>
    public async ValueTask<int?> WaitForExitAsync(TimeSpan longest)
    {
        var start = _time.GetTimestamp();
        while (!TryReap() && _time.GetElapsedTime(start) < longest)
            await Task.Delay(PollInterval, _time).ConfigureAwait(false);

        // Not longer: a master connection that it left in the background keeps the pipe open.
        if (_exitCode is not null)
            await Task.WhenAny(_readingErrors, Task.Delay(PollInterval, _time)).ConfigureAwait(false);
        return _exitCode;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new ValueTask(_disposal ??= EndAsync());
    }

    private async Task EndAsync()
    {
        await Task.Yield();
        await Input.DisposeAsync().ConfigureAwait(false);
        await Output.DisposeAsync().ConfigureAwait(false);
        if (await WaitForExitAsync(Grace).ConfigureAwait(false) is null)
        {
            PosixSpawn.Signal(_processId, PosixSpawn.SignalTerminate);
            if (await WaitForExitAsync(Grace).ConfigureAwait(false) is null)
            {
                PosixSpawn.Signal(_processId, PosixSpawn.SignalKill);
                await WaitForExitAsync(Grace * 4).ConfigureAwait(false);
            }
        }

        await _error.DisposeAsync().ConfigureAwait(false);
        await _readingErrors.ConfigureAwait(false);
    }

    private bool TryReap()
    {
        lock (_gate)
        {
            _exitCode ??= PosixSpawn.TryReap(_processId);
            return _exitCode is not null;
        }
    }

    private async Task ReadErrorsAsync()
    {
        try
        {
            using var reader = new StreamReader(_error, Encoding.UTF8, leaveOpen: true);
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                line = line.TrimEnd();
                if (line.Length == 0)
                    continue;
                lock (_gate)
                {
                    if (!line.StartsWith(SshDebugOutput.Prefix, StringComparison.Ordinal))
                        _errorText.Append(line).Append('\n');
                    if (_errorText.Length > MostErrorText)
                        _errorText.Remove(0, _errorText.Length - MostErrorText);
                }

                _logError(line);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The pipe was closed by DisposeAsync.
        }
    }
}
