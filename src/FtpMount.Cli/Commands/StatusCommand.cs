using System.Globalization;
using System.Text.Json;
using FtpMount.Cli.Signals;
using FtpMount.Service;
using FtpMount.Service.Control;
using FtpMount.Service.Options;
using Spectre.Console;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount status</c>: what is mounted, and how it is.</summary>
internal static class StatusCommand
{
    private const int DocumentVersion = 1;

    /// <summary>A table in a file or a pipe is not cut to the width of a terminal.</summary>
    private const int WidthWithoutTerminal = 1000;

    internal static async Task<int> RunAsync(bool json)
    {
        using var signals = new StopSignals();
        var mounts = await MountList.ReadAsync(TimeProvider.System, signals.First);
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(new StatusDocument(DocumentVersion, mounts), StatusJson.Default.StatusDocument));
        else if (mounts.Count == 0)
            Console.Out.WriteLine("Nothing is mounted.");
        else
            WriteTable(mounts);
        return ExitCode.Done;
    }

    private static void WriteTable(IReadOnlyList<MountStatus> mounts)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthWithoutTerminal;
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.None : TableBorder.Rounded);
        foreach (var heading in new[] { "Mount point", "Server", "State", "Connections", "Cache", "To send", "Since" })
            table.AddColumn(new TableColumn(new Text(heading)));
        foreach (var mount in mounts)
        {
            table.AddRow(
                new Text(Messages.OneLine(mount.MountPoint)),
                new Text(Messages.OneLine(mount.Url)),
                new Text(Describe(mount), StyleOf(mount.State)),
                new Text(mount.Connections is { } c ? string.Create(CultureInfo.InvariantCulture, $"{c.Open} of {c.Limit}") : "-"),
                new Text(mount.Cache is { } cache ? $"{ByteSize.Format(cache.MemoryBytes)} memory, {ByteSize.Format(cache.DiskBytes)} disk" : "-"),
                new Text(mount.Uploads is { } u ? Describe(u) : "-"),
                new Text(mount.Since is { } since ? since.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : "-"));
        }

        console.Write(table);
        foreach (var mount in mounts.Where(m => m is { State: MountState.Offline, LastError: not null }))
            console.WriteLine(Messages.OneLine($"{mount.MountPoint}: {mount.LastError}"));
    }

    private static string Describe(UploadQueueStatus uploads) => uploads.Pending switch
    {
        0 => "nothing",
        1 => $"1 file, {ByteSize.Format(uploads.Bytes)}",
        _ => $"{uploads.Pending} files, {ByteSize.Format(uploads.Bytes)}",
    };

    private static string Describe(MountStatus mount) => mount.State switch
    {
        MountState.Mounted => mount.ReadOnly ? "mounted (ro)" : "mounted",
        MountState.Offline => "server not reachable",
        MountState.Unmounting => "unmounting",
        MountState.Stale => "stale (process gone)",
        MountState.NotAnswering => "not answering",
        _ => mount.UserId == 0 ? "of root" : $"of user {mount.UserId}",
    };

    private static Style StyleOf(MountState state) => state switch
    {
        MountState.Mounted => new Style(Color.Green),
        MountState.Stale or MountState.NotAnswering => new Style(Color.Red),
        _ => new Style(Color.Yellow),
    };
}
