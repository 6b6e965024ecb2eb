using System.Threading.Channels;
using FtpMount.Service.Control;
using FtpMount.Service.Options;
using Spectre.Console;

namespace FtpMount.Cli.Commands;

/// <summary>
/// Shows how the sending or downloading goes: a bar with files, bytes, rate and remaining time on a terminal, else a line at the beginning, every few
/// seconds and at the end, so that a log does not get a line for each of thousands of files. Nothing when there is nothing to do.
/// </summary>
/// <param name="verb">What is done: <c>Sending</c>.</param>
/// <param name="time">The clock.</param>
internal sealed class TransferProgress(string verb, TimeProvider time) : IProgress<UploadProgress>
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private readonly Channel<UploadProgress> _reports =
        Channel.CreateBounded<UploadProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    public void Report(UploadProgress value)
    {
        if (value.Files > 0)
            _reports.Writer.TryWrite(value);
    }

    /// <summary>Shows until the task ends, however it ends.</summary>
    internal async Task ShowAsync(Task unmount)
    {
        _ = unmount.ContinueWith(_ => _reports.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (!await _reports.Reader.WaitToReadAsync())
            return;
        if (Console.IsErrorRedirected)
            await ShowLinesAsync();
        else
            await ShowBarAsync();
    }

    private async Task ShowBarAsync()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(verb);
                await foreach (var report in _reports.Reader.ReadAllAsync())
                {
                    task.Description = $"{verb} file {Math.Min(report.FilesDone + 1, report.Files)} of {report.Files}";
                    task.MaxValue = Math.Max(report.Bytes, 1);
                    task.Value = report.Files == report.FilesDone ? task.MaxValue : report.BytesSent;
                }
            });
    }

    private async Task ShowLinesAsync()
    {
        long? shownAt = null;
        UploadProgress? left = null;
        await foreach (var report in _reports.Reader.ReadAllAsync())
        {
            left = report;
            if (shownAt is { } last && time.GetElapsedTime(last) < BetweenLines)
                continue;
            shownAt = time.GetTimestamp();
            left = null;
            ShowLine(report);
        }

        if (left is not null)
            ShowLine(left);
    }

    private void ShowLine(UploadProgress report) =>
        Messages.Write($"{verb.ToLowerInvariant()}: {report.FilesDone} of {report.Files} files tried, {ByteSize.Format(report.BytesSent)} of {ByteSize.Format(report.Bytes)}");
}
