using System.Diagnostics;
using System.Globalization;

namespace FtpMount.TestServers.Processes;

/// <summary>
/// One server and all its session processes, owned by a small guardian program (process-guardian.py, which says how): they end
/// when this is disposed and also when this program dies in whatever way, and nothing else is ever signalled.
/// PR_SET_PDEATHSIG alone would not do: it is bound to the thread that started the child, is lost when a daemon changes its user,
/// and does not reach grandchildren.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>How long the guardian may take for one command; it answers within milliseconds unless the machine is overloaded.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Process _guardian;
    private readonly SemaphoreSlim _oneCommand = new(1, 1);
    private readonly Task _reader;
    private TaskCompletionSource<string>? _answer;
    private volatile int _exitCode = int.MinValue;
    private bool _disposed;

    private ServerProcess(Process guardian)
    {
        _guardian = guardian;
        _reader = ReadAnswersAsync();
    }

    /// <summary>Whether the server itself has ended without being told to.</summary>
    public bool HasExited => _exitCode != int.MinValue || _guardian.HasExited;

    /// <summary>Its exit code, negative for a signal.</summary>
    public int ExitCode => _exitCode;

    /// <summary>Starts the guardian, not yet the server.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="directory">The server's folder; also the guardian's working directory.</param>
    public static ServerProcess Create(ServerCommand command, ServerDirectory directory)
    {
        string guardianPath = directory.WriteResource("process-guardian.py");
        var start = new ProcessStartInfo(ServerInstallation.Python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = directory.Path,
        };
        foreach (string argument in (string[])["-I", "-S", guardianPath, directory.OutputLog, command.Program, .. command.Arguments])
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in command.Environment)
            start.Environment[name] = value;
        return new ServerProcess(
            Process.Start(start) ?? throw new InvalidOperationException($"{ServerInstallation.Python} did not start"));
    }

    /// <summary>Executes the server. Returns as soon as the process exists.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _exitCode = int.MinValue;
        await CommandAsync("start", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>SIGKILL to the whole tree; returns when all of it is gone, so that its ports are free.</summary>
    public Task KillAsync(CancellationToken cancellationToken) => CommandAsync("kill", cancellationToken);

    /// <summary>SIGSTOP to the whole tree.</summary>
    public Task SuspendAsync(CancellationToken cancellationToken) => CommandAsync("stop", cancellationToken);

    /// <summary>SIGCONT to the whole tree.</summary>
    public Task ResumeAsync(CancellationToken cancellationToken) => CommandAsync("cont", cancellationToken);

    /// <summary>The process ids of the server and its sessions.</summary>
    public async Task<int[]> GetProcessIdsAsync(CancellationToken cancellationToken)
    {
        string answer = await CommandAsync("pids", cancellationToken).ConfigureAwait(false);
        return [.. answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            _guardian.StandardInput.Close(); // the guardian reads the end of its input, kills the tree and ends
        }
        catch (IOException)
        {
            // The guardian is gone already.
        }
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _guardian.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            await _reader.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _guardian.Kill();
        }
        _guardian.Dispose();
        _oneCommand.Dispose();
    }

    private async Task<string> CommandAsync(string command, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _oneCommand.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _answer = answer;
            if (_reader.IsCompleted)
                throw new InvalidOperationException("The process guardian has ended unexpectedly; see its message on stderr");
            await _guardian.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken).ConfigureAwait(false);
            await _guardian.StandardInput.FlushAsync(cancellationToken).ConfigureAwait(false);
            return await answer.Task.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _answer = null;
            _oneCommand.Release();
        }
    }

    private async Task ReadAnswersAsync()
    {
        while (await _guardian.StandardOutput.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith("exited ", StringComparison.Ordinal))
                _exitCode = int.Parse(line.AsSpan("exited ".Length), CultureInfo.InvariantCulture);
            else
                _answer?.TrySetResult(line);
        }
        _answer?.TrySetException(new InvalidOperationException("The process guardian has ended unexpectedly; see its message on stderr"));
    }
}
