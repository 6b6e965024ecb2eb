using System.Collections.Concurrent;
using System.Diagnostics;
using FtpMount.Service.Notification;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Service.Tests.Notification;

public sealed class NotifyCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly Recorder _logger = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Output => Path.Combine(_directory.Path, "output");

    public void Dispose() => _directory.Dispose();

    private NotifyCommand Start(string script) =>
        new(["/bin/sh", "-c", script, "sh"], new Dictionary<string, string> { ["FTPMOUNT_URL"] = "ftp://h/", ["OUTPUT"] = Output }, _time, _logger);

    [Fact]
    public async Task The_program_gets_each_event_as_arguments_and_in_its_environment_in_order()
    {
        await using (var hook = Start("printf '%s|%s|%s|%s|%s|%s|%s\\n' \"$1\" \"$2\" \"$3\" \"$FTPMOUNT_EVENT\" \"$FTPMOUNT_PATH\" \"$FTPMOUNT_MESSAGE\" \"$FTPMOUNT_URL\" >> \"$OUTPUT\""))
        {
            hook.Post("conflict", "/mnt/a b", "it's \"changed\"; $(id)");
            hook.Post("offline", "/mnt", "gone");
            await UntilAsync(() => File.Exists(Output) && File.ReadAllLines(Output).Length == 2);
        }

        Assert.Equal(
            ["conflict|/mnt/a b|it's \"changed\"; $(id)|conflict|/mnt/a b|it's \"changed\"; $(id)|ftp://h/", "offline|/mnt|gone|offline|/mnt|gone|ftp://h/"],
            await File.ReadAllLinesAsync(Output, Token));
        Assert.Empty(_logger.Messages);
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_ended_and_the_next_event_is_told()
    {
        await using var hook = Start("echo $$ >> \"$OUTPUT\"; if [ \"$1\" = first ]; then sleep 1000; fi");
        hook.Post("first", "/", "");
        hook.Post("second", "/", "");
        await UntilAsync(() => File.Exists(Output));
        Assert.Single(await File.ReadAllLinesAsync(Output, Token));
        _time.Advance(NotifyCommand.Deadline);
        await UntilAsync(() => File.ReadAllLines(Output).Length == 2);
        Assert.Contains("did not end within 30 s", Assert.Single(_logger.Messages), StringComparison.Ordinal);
        var process = int.Parse(File.ReadLines(Output).First(), System.Globalization.CultureInfo.InvariantCulture);
        await UntilAsync(() => !Directory.Exists($"/proc/{process}") || File.ReadAllText($"/proc/{process}/stat").Contains(") Z", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_that_is_too_slow_is_not_told_the_oldest_and_nobody_waits()
    {
        await using var hook = Start("echo \"$1\" >> \"$OUTPUT\"; if [ \"$1\" = first ]; then sleep 1000; fi");
        hook.Post("first", "/", "");
        await UntilAsync(() => File.Exists(Output));
        for (var i = 1; i <= 103; i++)
            hook.Post($"{i}", "/", "");
        Assert.Equal(3, _logger.Messages.Count);
        _time.Advance(NotifyCommand.Deadline);
        await UntilAsync(() => File.ReadAllLines(Output).Length == 101);
        Assert.Equal(["first", "4"], File.ReadLines(Output).Take(2));
    }

    [Fact]
    public async Task A_program_that_fails_or_is_not_there_is_told_in_the_log()
    {
        await using (var hook = Start("exit 3"))
        {
            hook.Post("conflict", "/", "");
            await UntilAsync(() => _logger.Messages.Any(m => m.Contains("exit code 3", StringComparison.Ordinal)));
        }

        await using var missing = new NotifyCommand([Path.Combine(_directory.Path, "nothing")], new Dictionary<string, string>(), _time, _logger);
        missing.Post("conflict", "/", "");
        await UntilAsync(() => _logger.Messages.Any(m => m.Contains("could not be run", StringComparison.Ordinal)));
    }

    /// <summary>Processes are waited for; the limit is far above what they take.</summary>
    private static async Task UntilAsync(Func<bool> condition)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60));
            await Task.Delay(20, Token);
        }
    }

    private sealed class Recorder : ILogger
    {
        public ConcurrentQueue<string> Messages { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Messages.Enqueue(formatter(state, exception));
    }
}
