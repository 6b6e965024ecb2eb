using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Large files that are sent while they are being written, and uploads that go on where an earlier one ended.</summary>
public sealed class StreamedUploadTests
{
    private const int Piece = 1 << 20;

    private static VfsOptions Fast(VfsOptions options) => options with { Close = VfsCloseMode.Fast, WriteBack = TimeSpan.FromHours(1) };

    private static byte[] Content(int pieces, byte seed = 1)
    {
        var content = new byte[pieces * Piece];
        new Random(seed).NextBytes(content);
        return content;
    }

    private static async Task WritePieces(Mount mount, VfsHandle handle, byte[] content, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            var written = await mount.Vfs.WriteAsync(handle, i * Piece, content.AsMemory(i * Piece, Piece), default);
            Assert.Equal(Piece, written.Value);
        }
    }

    /// <summary>Completes when so many bytes of a store have come.</summary>
    private static Task ArrivedAsync(MemoryRemote remote, long bytes)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        remote.Arrived = count =>
        {
            if (count >= bytes)
                arrived.TrySetResult();
        };
        return arrived.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_large_file_is_sent_once_while_it_is_being_written()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(9);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        Assert.False(mount.Remote.Exists("/a"));
        await WritePieces(mount, handle, content, 6, 3);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
        Assert.Equal(1, mount.Remote.Count("STORE"));
    }

    [Fact]
    public async Task The_last_close_completes_it_without_waiting_for_quiet()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(6);
        var published = Hold.BeforeAnswer(mount.Remote, "PUBLISH");
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        await mount.CloseWell(handle);
        await published.Reached;
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        published.LetGo();
    }

    [Fact]
    public async Task Fsync_has_only_the_rest_to_send()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(7);
        var arrived = ArrivedAsync(mount.Remote, 6 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 7);
        await arrived;
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
        await mount.CloseWell(handle);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3 * Piece)]
    public async Task A_file_that_is_changed_where_it_was_sent_already_is_sent_anew(int offset)
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(6);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        "changed"u8.CopyTo(content.AsSpan(offset));
        await mount.Write(handle, offset, "changed");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2 * Piece)]
    [InlineData(20 * Piece)]
    public async Task A_file_that_is_given_another_length_arrives_with_it(int length)
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(6);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Size = length }));
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Array.Resize(ref content, length);
        Assert.Equal(content, mount.Remote.Bytes("/a"));
    }

    [Fact]
    public async Task Pieces_that_are_written_out_of_order_arrive_in_order()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(9);
        var arrived = ArrivedAsync(mount.Remote, 4 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 5);
        await WritePieces(mount, handle, content, 6, 1);
        await arrived;
        await WritePieces(mount, handle, content, 8, 1);
        await WritePieces(mount, handle, content, 5, 1);
        await WritePieces(mount, handle, content, 7, 1);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
    }

    [Fact]
    public async Task A_file_that_is_renamed_while_it_is_sent_is_sent_once()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(7);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a.part");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        Assert.Equal(VfsError.None, await mount.Rename("/a.part", "/a"));
        await WritePieces(mount, handle, content, 6, 1);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_that_is_being_sent_to_is_renamed_without_waiting_for_who_writes(bool resumes)
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"), Fast);
        if (resumes)
            mount.Remote.Capabilities |= RemoteCapabilities.ResumeStore;
        var content = Content(7);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/d/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        Assert.Equal(VfsError.None, await mount.Rename("/d", "/e"));
        await WritePieces(mount, handle, content, 6, 1);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/e/a"));
        Assert.Equal(["a"], mount.Remote.Names("/e"));
        Assert.Equal(resumes ? 1 : 0, mount.Remote.Count("RESUME"));
    }

    [Fact]
    public async Task A_file_that_is_removed_while_it_is_sent_leaves_nothing_on_the_server()
    {
        await using var mount = new Mount(options: Fast);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, Content(6), 0, 6);
        await arrived;
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        Assert.Empty(mount.Remote.Names("/"));
        await WritePieces(mount, handle, Content(12), 6, 6);
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Names("/"));
        Assert.Empty(mount.StagingFiles);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_writer_that_pauses_holds_no_connection(bool resumes)
    {
        await using var mount = new Mount(options: Fast);
        if (resumes)
            mount.Remote.Capabilities |= RemoteCapabilities.ResumeStore;
        var content = Content(7);
        var arrived = ArrivedAsync(mount.Remote, 6 * Piece);
        var ended = Hold.BeforeAnswer(mount.Remote, "STORE");
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        while (!ended.Reached.IsCompleted)
        {
            mount.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        ended.LetGo();
        await WritePieces(mount, handle, content, 6, 1);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(resumes ? content.Length : content.Length + (6 * Piece), mount.Remote.BytesStored);
    }

    [Fact]
    public async Task An_upload_that_was_cut_off_goes_on_where_the_server_has_it()
    {
        await using var mount = new Mount(options: Fast);
        mount.Remote.Capabilities |= RemoteCapabilities.ResumeStore;
        mount.Remote.CutStoreAt = 5 * Piece;
        var content = Content(8);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 8);
        await mount.CloseWell(handle);
        await mount.Vfs.DrainAsync(null, default);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
        Assert.Equal(1, mount.Remote.Count("RESUME"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task What_was_cut_off_is_compared_by_checksum_before_it_takes_its_name()
    {
        await using var mount = new Mount(options: Fast);
        mount.Remote.Capabilities |= RemoteCapabilities.ResumeStore;
        mount.Remote.Checksums = [ChecksumAlgorithm.Sha256];
        mount.Remote.CutStoreAt = 5 * Piece;
        var content = Content(8);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 8);
        await mount.CloseWell(handle);
        await mount.Vfs.DrainAsync(null, default);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(1, mount.Remote.Count("CHECKSUM"));
    }

    [Fact]
    public async Task A_temporary_file_that_somebody_damaged_is_not_gone_on_with()
    {
        await using var mount = new Mount(options: Fast);
        mount.Remote.Capabilities |= RemoteCapabilities.ResumeStore;
        mount.Remote.Checksums = [ChecksumAlgorithm.Sha256];
        mount.Remote.CutStoreAt = 5 * Piece;
        var content = Content(8);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 8);
        await mount.Vfs.FsyncAsync(handle, false, default);
        if (mount.Remote.Names("/") is [var temporary] && temporary != "a")
            mount.Remote.PutBytes("/" + temporary, new byte[5 * Piece]);
        await mount.CloseWell(handle);
        await mount.Vfs.DrainAsync(null, default);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
    }

    [Fact]
    public async Task A_file_larger_than_one_piece_is_sent_with_its_checksum_while_it_is_written()
    {
        await using var mount = new Mount(options: o => Fast(o) with { VerifyChecksums = true });
        mount.Remote.Checksums = [ChecksumAlgorithm.Sha256];
        var content = Content(9);
        var arrived = ArrivedAsync(mount.Remote, 5 * Piece);
        var handle = await mount.Create("/a");
        await WritePieces(mount, handle, content, 0, 6);
        await arrived;
        await WritePieces(mount, handle, content, 6, 3);
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(content, mount.Remote.Bytes("/a"));
        Assert.Equal(content.Length, mount.Remote.BytesStored);
        Assert.Equal(1, mount.Remote.Count("CHECKSUM"));
    }

    [Fact]
    public async Task A_process_that_dies_while_a_file_is_sent_leaves_what_was_written_and_nothing_else()
    {
        await using var running = new Mount(options: o => Fast(o) with { Close = VfsCloseMode.Durable });
        var content = Content(7);
        var arrived = ArrivedAsync(running.Remote, 5 * Piece);
        var ended = Hold.BeforeAnswer(running.Remote, "STORE");
        var handle = await running.Create("/a");
        await WritePieces(running, handle, content, 0, 7);
        await arrived;
        await running.CloseWell(handle);
        await ended.Reached;
        Assert.Single(running.Remote.Names("/"));
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            await copy.Vfs.CleanedAsync();
            Assert.Equal(["a"], running.Remote.Names("/"));
            Assert.Equal(content, running.Remote.Bytes("/a"));
        }

        ended.LetGo();
    }

    [Fact]
    public async Task No_more_than_two_files_are_sent_while_they_are_written()
    {
        await using var mount = new Mount(options: Fast);
        var content = Content(5);
        var handles = new List<VfsHandle>();
        for (var i = 0; i < 4; i++)
        {
            handles.Add(await mount.Create($"/{i}"));
            await WritePieces(mount, handles[i], content, 0, 5);
        }

        Assert.InRange(mount.Remote.Count("STORE"), 0, 2);
        foreach (var handle in handles)
            await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        for (var i = 0; i < 4; i++)
            Assert.Equal(content, mount.Remote.Bytes($"/{i}"));
        Assert.Equal(4, mount.Remote.Count("STORE"));
    }
}
