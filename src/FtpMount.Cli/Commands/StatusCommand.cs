using System.Globalization;
using System.Text.Json;
using FtpMount.Cli.Signals;
using FtpMount.Service;
using FtpMount.Service.Control;
using FtpMount.Service.Options;
using FtpMount.Vfs;
using Spectre.Console;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount status</c>: what is mounted, and how it is.</summary>
internal static class StatusCommand
{
    private const int DocumentVersion = 1;

    /// <summary>So many files of a kind are listed below the table.</summary>
    private const int LongestList = 10;

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
        var table = TerminalTable.Create("Mount point", "Server", "State", "Connections", "Cache", "To send", "Since");
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

        TerminalTable.Write(table);
        foreach (var mount in mounts.Where(m => m is { State: MountState.Offline, LastError: not null }))
            TerminalTable.WriteLine($"{mount.MountPoint}: {mount.LastError}");
        foreach (var mount in mounts)
        {
            WritePrefetch(mount);
            WriteIncidents(mount);
        }
    }

    /// <summary>How well guessing what a program wants next works; nothing before anything was guessed.</summary>
    private static void WritePrefetch(MountStatus mount)
    {
        if (mount.Prefetch is not { } prefetch || prefetch.Listings + prefetch.Files == 0)
            return;
        TerminalTable.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{mount.MountPoint}: fetched ahead: {prefetch.Listings} listings ({prefetch.ListingsUsed} used), {prefetch.Files} files ({prefetch.FilesUsed} used, {ByteSize.Format(prefetch.BytesUnused)} in vain)"));
    }

    /// <summary>What somebody should look at.</summary>
    private static void WriteIncidents(MountStatus mount)
    {
        var failed = mount.Uploads?.Files.Where(f => f.State is PendingUploadState.Refused or PendingUploadState.Torn).Take(LongestList).ToList() ?? [];
        foreach (var file in failed)
            TerminalTable.WriteLine($"{mount.MountPoint}: {file.Path} is not on the server: {file.Error}");
        if (mount.Uploads?.Failed > failed.Count)
            TerminalTable.WriteLine($"{mount.MountPoint}: and {mount.Uploads.Failed - failed.Count} more; 'ftpmount queue list {mount.MountPoint}' lists them");
        var conflicts = mount.Conflicts ?? [];
        foreach (var conflict in conflicts.TakeLast(LongestList))
            TerminalTable.WriteLine($"{mount.MountPoint}: {conflict.Path} was changed here and on the server on {conflict.Time.ToLocalTime():yyyy-MM-dd HH:mm}; the version from here is {conflict.Copy[(conflict.Copy.LastIndexOf('/') + 1)..]}");
        if (conflicts.Count > LongestList)
            TerminalTable.WriteLine($"{mount.MountPoint}: and {conflicts.Count - LongestList} conflicts more; 'ftpmount status --json' lists them");
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
        MountState.Offline => mount.OfflineSince is { } since
            ? $"server not reachable since {since.ToLocalTime().ToString("HH:mm", CultureInfo.InvariantCulture)}"
            : "server not reachable",
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
