using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>copy_file_range where the server copies by itself.</summary>
public sealed class ServerCopyTests
{
    private static readonly string Content = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));

    private static Mount NewMount(Action<MemoryRemote>? prepare = null) => new(r =>
    {
        r.Capabilities |= RemoteCapabilities.Copy;
        r.Put("/source", Content);
        prepare?.Invoke(r);
    });

    private static async Task<long> Copy(Mount mount, VfsHandle source, VfsHandle target, long length)
    {
        var copied = 0L;
        while (copied < length)
        {
            var part = await mount.Vfs.CopyRangeAsync(source, copied, target, copied, length - copied, default);
            Assert.Equal(VfsError.None, part.Error);
            if (part.Value == 0)
                break;
            copied += part.Value;
        }

        return copied;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_whole_file_is_copied_by_the_server(bool replaces)
    {
        await using var mount = NewMount(r =>
        {
            if (replaces)
                r.Put("/target", "what was there before");
        });
        var source = await mount.Open("/source");
        var target = replaces ? await mount.Open("/target", VfsOpenFlags.Read | VfsOpenFlags.Write | VfsOpenFlags.Truncate) : await mount.Create("/target", mode: 0x180);
        Assert.Equal(Content.Length, await Copy(mount, source, target, Content.Length + 5));
        Assert.Equal(1, mount.Remote.Count("COPY"));
        Assert.Equal((0, 0), (mount.Remote.Count("READ"), mount.Remote.Count("STORE")));
        Assert.Equal(Content, mount.Remote.Text("/target"));
        Assert.Equal(Content.Length, (await mount.Attributes("/target")).Size);
        if (!replaces)
            Assert.Equal(0x180, (await mount.Attributes("/target")).Mode);
        Assert.Equal(Content[..100], await mount.Read(target, 0, 100));
        Assert.Empty(mount.Vfs.PendingUploads);

        // It is a file like any other from here on.
        await mount.Write(target, 0, "LINE");
        await mount.CloseWell(target);
        await mount.CloseWell(source);
        Assert.Equal("LINE" + Content[4..], mount.Remote.Text("/target"));
        Assert.Equal(Content, mount.Remote.Text("/source"));
        Assert.Equal(["source", "target"], mount.Remote.Names("/"));
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Changes_of_the_source_that_are_not_on_the_server_are_copied()
    {
        await using var mount = NewMount();
        var source = await mount.Open("/source", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(source, 0, "LINE");
        var target = await mount.Create("/target");
        Assert.Equal(Content.Length, await Copy(mount, source, target, Content.Length));
        await mount.CloseWell(target);
        Assert.Equal(0, mount.Remote.Count("COPY"));
        Assert.Equal("LINE" + Content[4..], mount.Remote.Text("/target"));
        await mount.CloseWell(source);
    }

    [Fact]
    public async Task A_source_that_somebody_changes_during_the_copy_is_copied_as_it_was_opened_or_as_it_is_then()
    {
        var other = Content.Replace("line", "LINE", StringComparison.Ordinal);
        await using var mount = NewMount();
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation == "COPY")
            {
                mount.Time.Advance(TimeSpan.FromSeconds(30));
                mount.Remote.Put("/source", other);
            }

            return null;
        };
        var source = await mount.Open("/source");
        var target = await mount.Create("/target");
        await Copy(mount, source, target, Content.Length);
        await mount.CloseWell(target);
        Assert.Equal(0, mount.Remote.Operations.TakeWhile(o => !o.StartsWith("STORE", StringComparison.Ordinal)).Count(o => o.StartsWith("PUBLISH", StringComparison.Ordinal)));
        Assert.Contains(mount.Remote.Text("/target"), new[] { Content, other });
        Assert.Equal(["source", "target"], mount.Remote.Names("/"));
    }

    [Theory]
    [InlineData("COPY", RemoteError.Unsupported)]
    [InlineData("COPY", RemoteError.NoSpace)]
    [InlineData("COPY", RemoteError.Offline)]
    [InlineData("PUBLISH", RemoteError.ServerFailure)]
    public async Task A_copy_that_fails_is_made_here(string operation, RemoteError error)
    {
        var failed = false;
        await using var mount = NewMount(r => r.Failure = (what, _) =>
        {
            if (what != operation || failed)
                return null;
            failed = true;
            return new RemoteException(error, "on purpose");
        });
        var source = await mount.Open("/source");
        var target = await mount.Create("/target");
        Assert.Equal(Content.Length, await Copy(mount, source, target, Content.Length));
        await mount.CloseWell(target);
        Assert.True(failed);
        Assert.Equal(Content, mount.Remote.Text("/target"));
        Assert.Equal(["source", "target"], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task Parts_and_targets_with_content_are_copied_here()
    {
        await using var mount = NewMount();
        var source = await mount.Open("/source");
        var target = await mount.Create("/target");
        Assert.Equal(100_000, await Copy(mount, source, target, 100_000));
        Assert.Equal(Content.Length, await Copy(mount, source, target, Content.Length));
        await mount.CloseWell(target);
        Assert.Equal(0, mount.Remote.Count("COPY"));
        Assert.Equal(Content, mount.Remote.Text("/target"));
    }

    [Fact]
    public async Task Writes_to_the_target_wait_for_the_copy_and_come_after_it()
    {
        var copying = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var mount = NewMount(r => r.DelayAnswer = (operation, _) =>
        {
            if (operation != "COPY")
                return null;
            copying.SetResult();
            return goOn.Task;
        });
        var source = await mount.Open("/source");
        var target = await mount.Create("/target");
        var copy = Copy(mount, source, target, Content.Length);
        await copying.Task;
        var write = mount.Write(target, 0, "LINE");
        var flush = mount.Vfs.FlushAsync(target, default).AsTask();
        Assert.False(write.IsCompleted);
        goOn.SetResult();
        Assert.Equal(Content.Length, await copy);
        await write;
        Assert.Equal(VfsError.None, await flush);
        await mount.CloseWell(target);
        Assert.Equal("LINE" + Content[4..], mount.Remote.Text("/target"));
    }
}
