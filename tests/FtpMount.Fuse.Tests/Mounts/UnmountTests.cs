namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>How a mount ends.</summary>
public sealed class UnmountTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Unmount_ends_the_mount()
    {
        await using var mount = await TestMount.CreateAsync();

        Assert.True(await mount.Mount.UnmountAsync(Deadline, TestContext.Current.CancellationToken));

        Assert.False(mount.Folder.IsMounted);
        await mount.Mount.Completion;
        Assert.True(await mount.Mount.UnmountAsync(Deadline, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_foreign_umount_ends_the_mount_and_its_handles()
    {
        await using var mount = await TestMount.CreateAsync();
        (await mount.RunAsync("""echo x > "$1/a"; umount "$1" 2>/dev/null || fusermount3 -u "$1" """)).Expect();

        await mount.Mount.Completion.WaitAsync(Deadline, TestContext.Current.CancellationToken);

        Assert.Equal(0, mount.Files.OpenHandles);
    }

    [Fact]
    public async Task A_busy_mount_is_detached_and_serves_until_the_last_file_is_closed()
    {
        await using var mount = await TestMount.CreateAsync();
        mount.Files.Add("a", "content"u8.ToArray());
        using var program = Shell.Start("""exec 3<"$1/a"; echo open; read line; cat <&3""", mount.Path);
        Assert.Equal("open", await Shell.ReadLineAsync(program));

        Assert.False(await mount.Mount.UnmountAsync(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken));

        Assert.False(mount.Folder.IsMounted);
        Assert.False(mount.Mount.Completion.IsCompleted);
        await program.StandardInput.WriteLineAsync("go on");
        Assert.Equal("content", (await Shell.EndAsync(program)).Expect());
        Assert.True(await mount.Mount.UnmountAsync(Deadline, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Disposing_a_mount_that_stays_busy_aborts_it()
    {
        await using var mount = await TestMount.CreateAsync(static options => options with { AbortAfter = TimeSpan.FromMilliseconds(100) });
        mount.Files.Add("direct-blocked", new byte[10]);
        using var program = Shell.Start("""exec cat "$1/direct-blocked" """, mount.Path);
        await mount.Files.BlockedReadArrivedAsync(TestContext.Current.CancellationToken);

        await mount.Mount.DisposeAsync();

        var result = await Shell.EndAsync(program);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal(1, mount.Files.CancelledReads);
    }
}
