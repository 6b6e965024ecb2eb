using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Notification;

/// <summary>
/// Runs the program of <c>notify-command=</c> for each event, one after the other, with the event, the path and a message as its last arguments and in its environment. Whoever
/// posts an event waits for nothing: events that the program is too slow for are left out, and one that does not end is ended.
/// </summary>
public sealed class NotifyCommand : IAsyncDisposable
{
    /// <summary>How long the program may take.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>How many events may wait for it.</summary>
    private const int MostWaiting = 100;

    private readonly IReadOnlyList<string> _command;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<Event> _events;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Begins to wait for events.</summary>
    /// <param name="command">The program and its first arguments.</param>
    /// <param name="environment">What is added to its environment, beside the event.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="logger">Where it is told when the program fails.</param>
    public NotifyCommand(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, TimeProvider time, ILogger logger)
    {
        _command = command;
        _environment = environment;
        _time = time;
        _logger = logger;
        _events = Channel.CreateBounded<Event>(
            new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            dropped => _logger.LogWarning("{Command} is too slow: it is not told of '{Event}' of {Path}", _command[0], dropped.Name, dropped.Path));
        _running = RunAsync();
    }

    private readonly record struct Event(string Name, string Path, string Message);

    /// <summary>Something happened. Returns at once.</summary>
    /// <param name="name">What: one of the events of docs/CONFIGURATION.md.</param>
    /// <param name="path">To what.</param>
    /// <param name="message">In words.</param>
    public void Post(string name, string path, string message) => _events.Writer.TryWrite(new Event(name, path, message));

    /// <summary>Ends the program that runs, when it has not ended a moment later, and forgets what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        _stop.CancelAfter(TimeSpan.FromSeconds(2));
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        await foreach (var happened in _events.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested)
                return;
            await RunAsync(happened);
        }
    }

    private async Task RunAsync(Event happened)
    {
        var start = new ProcessStartInfo(_command[0])
        {
            // Never below the mount, which it could keep busy.
            WorkingDirectory = "/",
            RedirectStandardInput = true,
        };
        foreach (var argument in (ReadOnlySpan<string>)[.. _command.Skip(1), happened.Name, happened.Path, happened.Message])
            start.ArgumentList.Add(Argument(argument));
        foreach (var (name, value) in _environment)
            start.Environment[name] = Argument(value);
        start.Environment["FTPMOUNT_EVENT"] = happened.Name;
        start.Environment["FTPMOUNT_PATH"] = Argument(happened.Path);
        start.Environment["FTPMOUNT_MESSAGE"] = Argument(happened.Message);
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            await EndAsync(process);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
        {
            _logger.LogWarning("notify-command: {Command} could not be run: {Reason}", _command[0], exception.Message);
        }
    }

    private async Task EndAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(Deadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
                _logger.LogWarning("notify-command: {Command} ended with exit code {Code}", _command[0], process.ExitCode);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            if (!_stop.IsCancellationRequested)
                _logger.LogWarning("notify-command: {Command} did not end within {Seconds} s and was ended", _command[0], Deadline.TotalSeconds);
        }
    }

    /// <summary>No argument of a program holds a NUL.</summary>
    private static string Argument(string text) => text.Replace("\0", "", StringComparison.Ordinal);
}
