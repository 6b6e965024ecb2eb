using System.Globalization;
using System.Text.Json;
using FtpMount.Cli.Secrets;
using FtpMount.Cli.Signals;
using FtpMount.Service;
using FtpMount.Service.Control;
using FtpMount.Service.Options;
using FtpMount.Service.Queue;
using FtpMount.Vfs;
using Spectre.Console;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount queue</c>: what is not on the server yet, and what a person wants done with it.</summary>
internal static class QueueCommand
{
    internal static async Task<int> ListAsync(string? mountPoint, string? stateRoot, bool json)
    {
        using var signals = new StopSignals();
        var root = StateRoot(stateRoot);
        var queues = mountPoint is null
            ? await MountQueue.FindAllAsync(root, TimeProvider.System, Messages.Write, signals.First)
            : await MountQueue.FindAsync(mountPoint, root, TimeProvider.System, Messages.Write, signals.First);
        try
        {
            if (json)
                Console.Out.WriteLine(JsonSerializer.Serialize(QueueDocument.Of(queues), QueueJson.Default.QueueDocument));
            else if (queues.All(q => q.Files.Count == 0))
                Console.Out.WriteLine("Everything is on the server.");
            else
                Write(queues);
            return ExitCode.Done;
        }
        finally
        {
            await LeaveAsync(queues);
        }
    }

    internal static async Task<int> RetryAsync(QueueRequest request)
    {
        using var signals = new StopSignals();
        return await WithSelectedAsync(request, async (queue, files) =>
        {
            var report = await queue.ChangeAsync(new ControlRequest(ControlRequest.QueueRetry) { Ids = [.. files.Select(f => f.Id)] }, signals.First);
            var done = report.Files.Count(f => f.Error is null);
            Console.Out.WriteLine($"{Files(done)} {(done == 1 ? "is" : "are")} tried again now; 'ftpmount queue list' shows what becomes of {(done == 1 ? "it" : "them")}");
            return Problems(report);
        }, signals.First);
    }

    internal static async Task<int> SaveAsync(QueueRequest request, string directory)
    {
        using var signals = new StopSignals();
        RequireSelection(request);
        var target = Path.GetFullPath(directory);
        return await WithSelectedAsync(request, async (queue, files) =>
        {
            var report = await queue.ChangeAsync(new ControlRequest(ControlRequest.QueueSave) { Ids = [.. files.Select(f => f.Id)], Directory = target }, signals.First);
            foreach (var file in report.Files.Where(f => f.SavedAs is not null))
                Console.Out.WriteLine(Messages.OneLine($"{file.Path} -> {file.SavedAs}"));
            return Problems(report) + Gone(files, report);
        }, signals.First);
    }

    internal static async Task<int> DiscardAsync(QueueRequest request, bool yes)
    {
        using var signals = new StopSignals();
        RequireSelection(request);
        return await WithSelectedAsync(request, async (queue, files) =>
        {
            if (!yes && !Confirms(files))
            {
                Messages.Write("nothing was discarded");
                return 1;
            }

            var report = await queue.ChangeAsync(new ControlRequest(ControlRequest.QueueDiscard) { Ids = [.. files.Select(f => f.Id)] }, signals.First);
            foreach (var file in report.Files.Where(f => f.Error is null))
                Console.Out.WriteLine(Messages.OneLine($"discarded: {file.Path}"));
            return Problems(report) + Gone(files, report);
        }, signals.First);
    }

    private static string? StateRoot(string? given)
    {
        try
        {
            return MountDirectories.FindStateRoot(given is null ? null : Path.GetFullPath(given), Environment.GetEnvironmentVariable);
        }
        catch (MountException)
        {
            // No home: mounts that run are found nevertheless.
            return null;
        }
    }

    private static void RequireSelection(QueueRequest request)
    {
        if (request.IsForAll)
            throw new UsageException("Name the files: paths, or --id N; MOUNTPOINT once more stands for all");
    }

    private static async Task<int> WithSelectedAsync(QueueRequest request, Func<MountQueue, IReadOnlyList<UploadStatus>, Task<int>> action, CancellationToken cancellationToken)
    {
        var queues = await MountQueue.FindAsync(request.MountPoint, StateRoot(request.StateRoot), TimeProvider.System, Messages.Write, cancellationToken);
        try
        {
            var problems = 0;
            var missing = request.Paths.Select(p => (object)p).Concat(request.Ids.Select(id => (object)id)).ToHashSet();
            var selections = queues.Select(queue => (Queue: queue, Files: Select(queue, request, missing))).ToList();
            foreach (var name in missing)
            {
                Messages.Write($"{name}: nothing of it waits to be sent; 'ftpmount queue list {request.MountPoint}' shows what does");
                problems++;
            }

            foreach (var (queue, files) in selections.Where(s => s.Files.Count > 0))
                problems += await action(queue, files);
            if (missing.Count == 0 && selections.All(s => s.Files.Count == 0))
                Console.Out.WriteLine("Everything is on the server.");
            return problems == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        finally
        {
            await LeaveAsync(queues);
        }
    }

    /// <summary>The files that were named; the names that stand for something are taken out of those that are missing.</summary>
    private static List<UploadStatus> Select(MountQueue queue, QueueRequest request, HashSet<object> missing)
    {
        if (request.IsForAll)
            return [.. queue.Files];
        var named = request.Paths.Select(p => (Given: p, Path: QueuePaths.ToServer(p, queue.MountPoint, queue.Root))).ToList();
        var ids = request.Ids.ToHashSet();
        var selected = new List<UploadStatus>();
        foreach (var file in queue.Files)
        {
            var isSelected = ids.Contains(file.Id);
            if (isSelected)
                missing.Remove(file.Id);
            foreach (var (given, path) in named)
            {
                if (!QueuePaths.IsAtOrBelow(file.Path, path))
                    continue;
                isSelected = true;
                missing.Remove(given);
            }

            if (isSelected)
                selected.Add(file);
        }

        return selected;
    }

    private static bool Confirms(IReadOnlyList<UploadStatus> files)
    {
        foreach (var file in files.Take(10))
            Console.Error.WriteLine(Messages.OneLine($"  {file.Path} ({ByteSize.Format(file.Bytes)})"));
        if (files.Count > 10)
            Console.Error.WriteLine($"  and {files.Count - 10} more");
        var question = $"Delete what was not sent of {(files.Count == 1 ? "this file" : "these " + Files(files.Count))} ({ByteSize.Format(files.Sum(f => f.Bytes))})? It exists nowhere else. [y/N] ";
        var answer = new TerminalPrompter().Ask(question, isSecret: false)
            ?? throw new UsageException("There is no terminal to ask at: --yes discards without asking");
        return answer.Trim() is "y" or "Y" or "yes";
    }

    private static int Problems(QueueReport report)
    {
        var failed = report.Files.Where(f => f.Error is not null).ToList();
        foreach (var file in failed)
            Messages.Write($"{file.Path}: {file.Error}");
        return failed.Count;
    }

    /// <summary>What was sent between the question and the answer is no problem, but nobody shall wonder where it is.</summary>
    private static int Gone(IReadOnlyList<UploadStatus> asked, QueueReport report)
    {
        var answered = report.Files.Select(f => f.Id).ToHashSet();
        foreach (var file in asked.Where(f => !answered.Contains(f.Id)))
            Messages.Write($"{file.Path}: it was sent, or removed, meanwhile");
        return 0;
    }

    private static void Write(IReadOnlyList<MountQueue> queues)
    {
        foreach (var queue in queues.Where(q => q.Files.Count > 0))
        {
            Console.Out.WriteLine(Messages.OneLine($"{queue.MountPoint} ({queue.Url}){(queue.IsRunning ? "" : $", not mounted; the content is in {queue.StateDirectory}")}: {Files(queue.Files.Count)}, {ByteSize.Format(queue.Files.Sum(f => f.Bytes))}"));
            var table = TerminalTable.Create("Id", "State", "Size", "Sent", "File", "Problem");
            foreach (var file in queue.Files)
            {
                table.AddRow(
                    new Text(file.Id.ToString(CultureInfo.InvariantCulture)),
                    new Text(Describe(file), StyleOf(file.State)),
                    new Text(ByteSize.Format(file.Bytes)),
                    new Text(file.BytesSent == 0 ? "-" : ByteSize.Format(file.BytesSent)),
                    new Text(Messages.OneLine(file.Path)),
                    new Text(Messages.OneLine(file.Error ?? "")));
            }

            TerminalTable.Write(table);
        }
    }

    private static string Describe(UploadStatus file) => file.State switch
    {
        PendingUploadState.Waiting => "waiting",
        PendingUploadState.Uploading => "uploading",
        PendingUploadState.Failed => string.Create(CultureInfo.InvariantCulture, $"failed, {file.Attempts} attempt{(file.Attempts == 1 ? "" : "s")}"),
        PendingUploadState.Refused => "refused",
        PendingUploadState.Torn => "torn",
        _ => "elsewhere",
    };

    private static Style StyleOf(PendingUploadState state) => state switch
    {
        PendingUploadState.Waiting or PendingUploadState.Uploading => new Style(Color.Green),
        PendingUploadState.Refused or PendingUploadState.Torn => new Style(Color.Red),
        _ => new Style(Color.Yellow),
    };

    private static string Files(int count) => count == 1 ? "1 file" : string.Create(CultureInfo.InvariantCulture, $"{count} files");

    private static async Task LeaveAsync(IReadOnlyList<MountQueue> queues)
    {
        foreach (var queue in queues)
            await queue.DisposeAsync();
    }
}
