using System.Text;
using FtpMount.Remote;
using FtpMount.Vfs.WriteBack;
using Microsoft.Data.Sqlite;

namespace FtpMount.Vfs.Tests;

/// <summary>What survives the end of a mount: everything that a call answered for, once, and nothing that is not whole.</summary>
public sealed class JournalTests
{
    private static RemoteException Fail(RemoteError error) => new(error, $"{error} on purpose");

    private static void RefuseStores(MemoryRemote remote) => remote.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null;

    private static async Task WriteUnsent(Mount mount, string path, string text)
    {
        var handle = await mount.Exists(path) ? await mount.Open(path, VfsOpenFlags.Write | VfsOpenFlags.Truncate) : await mount.Create(path);
        await mount.Write(handle, 0, text);
        Assert.Equal(VfsError.Offline, await mount.Close(handle));
    }

    [Fact]
    public async Task What_was_not_sent_appears_again_in_the_next_mount_and_is_sent()
    {
        var first = new Mount(r =>
        {
            r.PutDirectory("/d/e");
            RefuseStores(r);
        });
        await WriteUnsent(first, "/d/e/new", "new content");
        await first.SetAttributes("/d/e/new", new VfsAttributeChange { Mode = 0x1ED, Modified = new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc) });
        await first.Vfs.DisposeAsync();
        await using var next = await Mount.AfterAsync(first);
        var shown = await next.Attributes("/d/e/new");
        Assert.Equal((11L, 0x1ED, new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc)), (shown.Size, shown.Mode, shown.Modified));
        Assert.Equal("new content", await next.ReadFile("/d/e/new"));
        Assert.Equal(["new"], await next.Names("/d/e"));
        Assert.Equal("/d/e/new", Assert.Single(next.Vfs.PendingUploads).Path.Value);
        next.Remote.Failure = null;
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        Assert.Equal("new content", next.Remote.Text("/d/e/new"));
        Assert.Equal((0x1ED, new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero)), (next.Remote.Mode("/d/e/new"), next.Remote.Modified("/d/e/new")));
        Assert.Equal(["new"], next.Remote.Names("/d/e"));
    }

    [Fact]
    public async Task What_was_sent_is_not_sent_again()
    {
        var first = new Mount();
        await first.WriteFile("/a", "content");
        await first.Vfs.DisposeAsync();
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(next.Vfs.PendingUploads);
        Assert.Empty(next.StagingFiles);
    }

    [Fact]
    public async Task A_partly_written_file_is_completed_from_the_version_it_began_with()
    {
        var old = new string('o', 3_000_000);
        var first = new Mount(r =>
        {
            r.Put("/a", old);
            RefuseStores(r);
        });
        var handle = await first.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await first.Write(handle, 1_000_000, "NEW");
        await first.Write(handle, 2_000_000, "ALSO");
        first.Remote.Failure = (operation, _) => operation is "STORE" or "STAT" or "READ" ? Fail(RemoteError.Offline) : null;
        Assert.Equal(VfsError.Offline, await first.Close(handle));
        await first.Vfs.DisposeAsync();
        await using var next = await Mount.AfterAsync(first);
        next.Remote.Failure = null;
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        var expected = new StringBuilder(old).Remove(1_000_000, 3).Insert(1_000_000, "NEW").Remove(2_000_000, 4).Insert(2_000_000, "ALSO").ToString();
        Assert.Equal(expected, next.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_partly_written_file_is_never_joined_to_another_version_than_it_began_with()
    {
        var first = new Mount(r => r.Put("/a", new string('o', 3_000_000)));
        var handle = await first.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await first.Write(handle, 1_000_000, "NEW");
        first.Remote.Failure = (operation, _) => operation is "STORE" or "STAT" or "READ" ? Fail(RemoteError.Offline) : null;
        await first.Close(handle);
        await first.Vfs.DisposeAsync();
        first.Remote.Failure = null;
        first.Remote.Put("/a", new string('x', 2_999_999));
        await using var next = await Mount.AfterAsync(first);
        var left = Assert.Single(await next.Vfs.DrainAsync(null, default));
        Assert.Contains("was changed on the server", left.LastError, StringComparison.Ordinal);
        Assert.Equal(new string('x', 2_999_999), next.Remote.Text("/a"));
        Assert.NotEmpty(next.StagingFiles);
    }

    [Fact]
    public async Task A_file_that_was_shortened_and_lengthened_has_zeros_where_the_base_was()
    {
        var first = new Mount(r => r.Put("/a", new string('o', 2_000_000)));
        var handle = await first.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        first.Remote.Failure = (operation, _) => operation is "STORE" or "STAT" or "READ" ? Fail(RemoteError.Offline) : null;
        Assert.Equal(VfsError.None, (await first.Vfs.SetAttributesAsync(await first.Node("/a"), handle, new VfsAttributeChange { Size = 5 }, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.None, (await first.Vfs.SetAttributesAsync(await first.Node("/a"), handle, new VfsAttributeChange { Size = 10 }, Mount.Caller, default)).Error);
        await first.Close(handle);
        await first.Vfs.DisposeAsync();
        first.Remote.Failure = null;
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        Assert.Equal("ooooo\0\0\0\0\0", next.Remote.Text("/a"));
    }

    [Fact]
    public async Task Unlinking_and_renaming_what_is_pending_is_remembered()
    {
        var first = new Mount(r =>
        {
            r.PutDirectory("/d");
            RefuseStores(r);
        });
        await WriteUnsent(first, "/gone", "1");
        await WriteUnsent(first, "/d/a", "2");
        await WriteUnsent(first, "/replaced", "3");
        await WriteUnsent(first, "/by", "4");
        Assert.Equal(VfsError.None, await first.Unlink("/gone"));
        Assert.Equal(VfsError.None, await first.Rename("/d", "/e"));
        Assert.Equal(VfsError.None, await first.Rename("/by", "/replaced"));
        await first.Vfs.DisposeAsync();
        first.Remote.Failure = null;
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        Assert.Equal(["e", "replaced"], next.Remote.Names("/"));
        Assert.Equal(("2", "4"), (next.Remote.Text("/e/a"), next.Remote.Text("/replaced")));
    }

    [Fact]
    public async Task A_file_with_two_names_keeps_both_when_the_next_mount_sends_it()
    {
        var first = new Mount(r =>
        {
            r.Put("/a", "old content");
            r.Capabilities |= RemoteCapabilities.HardLinks;
        });
        Assert.True((await first.Vfs.CreateLinkAsync(await first.Node("/a"), NodeId.Root, "b", default)).IsSuccess);
        RefuseStores(first.Remote);
        var handle = await first.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await first.Write(handle, 0, "NEW");
        Assert.NotEqual(VfsError.None, await first.Close(handle));
        await first.Vfs.DisposeAsync();
        first.Remote.Failure = null;
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        Assert.Equal(("NEW content", "NEW content"), (next.Remote.Text("/a"), next.Remote.Text("/b")));
    }

    [Fact]
    public async Task A_journal_without_the_count_of_names_is_read()
    {
        var first = new Mount(RefuseStores);
        await WriteUnsent(first, "/a", "content");
        await first.Vfs.DisposeAsync();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(first.Options.StateDirectory, JournalDatabase.FileName)};Pooling=False"))
        {
            await connection.OpenAsync();
            using var command = connection.CreateCommand();
            command.CommandText = "ALTER TABLE file DROP COLUMN base_links";
            await command.ExecuteNonQueryAsync();
        }

        first.Remote.Failure = null;
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(await next.Vfs.DrainAsync(null, default));
        Assert.Equal("content", next.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_second_process_cannot_open_the_journal()
    {
        await using var first = new Mount();
        var error = Assert.Throws<JournalException>(() => JournalDatabase.Open(first.Options.StateDirectory));
        Assert.Contains("in use by another ftpmount", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_of_another_version_is_refused_in_words()
    {
        var mount = new Mount();
        await mount.Vfs.DisposeAsync();
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(mount.Options.StateDirectory, JournalDatabase.FileName)};Pooling=False"))
        {
            await connection.OpenAsync();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 2";
            await command.ExecuteNonQueryAsync();
        }

        var error = Assert.Throws<JournalException>(() => JournalDatabase.Open(mount.Options.StateDirectory));
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
        await mount.DisposeAsync();
    }

    [Fact]
    public async Task After_a_power_failure_what_was_forced_to_disk_is_sent()
    {
        await using var running = new Mount(RefuseStores, o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1) });
        await running.CloseWell(await Written(running, "/a", "content"));
        await using var copy = await Mount.OnCopyAsync(running);
        running.Remote.Failure = null;
        Assert.Empty(await copy.Vfs.DrainAsync(null, default));
        Assert.Equal("content", running.Remote.Text("/a"));
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("zeroed")]
    [InlineData("gone")]
    public async Task After_a_power_failure_torn_content_is_told_and_never_sent(string damage)
    {
        await using var running = new Mount(RefuseStores, o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1) });
        await running.CloseWell(await Written(running, "/a", "content"));
        await running.CloseWell(await Written(running, "/b", "whole"));
        running.Remote.Failure = null;
        var torn = Path.GetFileName(running.StagingFiles.Single(f => File.ReadAllText(f) == "content"));
        await using var copy = await Mount.OnCopyAsync(running, state =>
        {
            var path = Path.Combine(state, "staging", torn);
            if (damage == "gone")
                File.Delete(path);
            else
                File.WriteAllBytes(path, damage == "zeroed" ? new byte[7] : "cont"u8.ToArray());
        });
        var left = Assert.Single(await copy.Vfs.DrainAsync(null, default));
        Assert.Equal("/a", left.Path.Value);
        Assert.Contains("was not sent", left.LastError, StringComparison.Ordinal);
        Assert.Equal(["b"], running.Remote.Names("/"));
    }

    [Fact]
    public async Task After_a_power_failure_what_was_still_being_written_is_told_and_not_sent()
    {
        await using var running = new Mount();
        var handle = await Written(running, "/a", "content");
        await using var copy = await Mount.OnCopyAsync(running);
        Assert.Contains("being written", Assert.Single(await copy.Vfs.DrainAsync(null, default)).LastError, StringComparison.Ordinal);
        Assert.False(running.Remote.Exists("/a"));
        await running.CloseWell(handle);
    }

    [Fact]
    public async Task A_closed_file_is_forced_to_disk_in_the_background()
    {
        await using var running = new Mount(options: o => o with { Close = VfsCloseMode.Fast, WriteBack = TimeSpan.FromHours(1) });
        await running.CloseWell(await Written(running, "/a", "content"));
        running.Time.Advance(TimeSpan.FromMilliseconds(200));
        await running.Vfs.SealedAsync();
        await using var copy = await Mount.OnCopyAsync(running);
        Assert.Empty(await copy.Vfs.DrainAsync(null, default));
        Assert.Equal("content", running.Remote.Text("/a"));
    }

    [Fact]
    public async Task Temporary_files_of_an_upload_that_was_cut_off_are_removed_by_the_next_mount()
    {
        await using var running = new Mount(r => r.PutDirectory("/d"), o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1) });
        await running.CloseWell(await Written(running, "/d/a", "content"));
        var hold = Hold.BeforeDone(running.Remote, "PUBLISH");
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        Assert.Contains(running.Remote.Names("/d"), n => n.EndsWith(".part", StringComparison.Ordinal));
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            await copy.Vfs.CleanedAsync();
            Assert.Equal(["a"], running.Remote.Names("/d"));
        }

        hold.LetGo();
        await drain;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_temporary_file_that_the_server_makes_after_its_removal_is_not_shown_and_goes(bool atUnmount)
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"), o => o with { Upload = VfsUploadMode.Temporary, Close = VfsCloseMode.Fast, WriteBack = TimeSpan.Zero });
        var hold = Hold.BeforeDone(mount.Remote, "STORE");
        await mount.WriteFile("/d/a", "content");
        await hold.Reached;
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));

        // The command of the connection that was given up.
        var late = Assert.Single(mount.Remote.Operations, o => o.StartsWith("STORE ", StringComparison.Ordinal))["STORE ".Length..];
        mount.Remote.Put(late, "cont");
        Assert.Empty(await mount.Names("/d"));
        if (atUnmount)
            Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        else
            mount.Pass(TimeSpan.FromSeconds(3));
        await mount.Vfs.CleanedAsync();
        Assert.Empty(mount.Remote.Names("/d"));
    }

    [Theory]
    [InlineData(VfsUploadMode.Temporary, "PUBLISH")]
    [InlineData(VfsUploadMode.Auto, "SET")]
    public async Task A_version_whose_arrival_was_not_seen_is_replaced_by_what_was_written_after_it(VfsUploadMode mode, string last)
    {
        await using var running = new Mount(options: o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1), Upload = mode });
        var handle = await running.Create("/a");
        await running.Write(handle, 0, "content");
        Assert.Equal(VfsError.None, await running.Vfs.FlushAsync(handle, default));
        var hold = Hold.BeforeAnswer(running.Remote, last);
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        await running.Write(handle, 0, "changed");
        Assert.Equal(VfsError.None, await running.Vfs.FlushAsync(handle, default));
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal(["a"], running.Remote.Names("/"));
            Assert.Equal("changed", running.Remote.Text("/a"));
        }

        hold.LetGo();
        await drain;
        await running.Close(handle);
    }

    [Fact]
    public async Task An_upload_whose_answer_was_lost_with_the_process_is_found_done()
    {
        await using var running = new Mount(r => r.Put("/a", "old"), o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1) });
        var handle = await running.Open("/a", VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await running.Write(handle, 0, "content");
        await running.CloseWell(handle);
        var hold = Hold.BeforeAnswer(running.Remote, "PUBLISH");
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        running.Remote.DelayAnswer = null;
        running.Remote.ClearOperations();
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal(["a"], running.Remote.Names("/"));
            Assert.Equal(0, running.Remote.Count("PUBLISH"));
        }

        hold.LetGo();
        await drain;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rename_that_was_cut_off_is_found_done_or_not(bool isDone)
    {
        await using var running = new Mount(
            r =>
            {
                r.Put("/d/a", "old");
                r.Put("/d/b", "old");
            },
            o => o with { Close = VfsCloseMode.Durable, WriteBack = TimeSpan.FromHours(1) });
        var handle = await running.Open("/d/a", VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await running.Write(handle, 0, "content");
        await running.CloseWell(handle);
        var hold = isDone ? Hold.BeforeAnswer(running.Remote, "RENAME") : Hold.BeforeDone(running.Remote, "RENAME");
        var rename = running.Rename("/d", "/e");
        await hold.Reached;
        running.Remote.DelayAnswer = running.Remote.Delay = null;
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            var directory = isDone ? "/e" : "/d";
            Assert.Equal([directory[1..]], running.Remote.Names("/"));
            Assert.Equal(("content", "old"), (running.Remote.Text($"{directory}/a"), running.Remote.Text($"{directory}/b")));
        }

        hold.LetGo();
        await rename;
    }

    [Fact]
    public async Task What_is_cached_of_a_replaced_file_is_not_read_after_a_rename_that_was_cut_off()
    {
        // Of one size and one time: nothing that the server tells of them differs.
        var running = new Mount(
            r =>
            {
                r.Put("/a", "moved");
                r.Put("/b", "there");
            });
        Assert.Equal("there", await running.ReadFile("/b"));
        var hold = Hold.BeforeAnswer(running.Remote, "RENAME");
        var rename = running.Rename("/a", "/b");
        await hold.Reached;
        await running.Vfs.DisposeAsync();
        Assert.NotEqual(VfsError.None, await rename);
        await using var next = await Mount.AfterAsync(running);
        Assert.Equal(["b"], await next.Names("/"));
        Assert.Equal("moved", await next.ReadFile("/b"));
    }

    [Fact]
    public async Task Staging_files_that_were_never_answered_for_are_removed()
    {
        var first = new Mount();
        await first.Vfs.DisposeAsync();
        await File.WriteAllTextAsync(Path.Combine(first.StagingDirectory, "0123.staging"), "x");
        await using var next = await Mount.AfterAsync(first);
        Assert.Empty(next.StagingFiles);
    }

    private static async Task<VfsHandle> Written(Mount mount, string path, string text)
    {
        var handle = await mount.Create(path);
        await mount.Write(handle, 0, text);
        return handle;
    }
}
