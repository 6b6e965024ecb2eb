namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>A program that waits for an answer that never comes can be ended.</summary>
public sealed class InterruptTests
{
    [Fact]
    public async Task A_program_in_a_buffered_read_is_killed()
    {
        await using var mount = await TestMount.CreateAsync();
        mount.Files.Add("blocked", new byte[10]);
        using var program = Shell.Start("""exec cat "$1/blocked" """, mount.Path);
        await mount.Files.BlockedReadArrivedAsync(TestContext.Current.CancellationToken);

        program.Kill();

        Assert.Equal(128 + 9, (await Shell.EndAsync(program)).ExitCode);
    }

    [Fact]
    public async Task A_program_in_a_direct_read_is_interrupted()
    {
        await using var mount = await TestMount.CreateAsync();
        mount.Files.Add("direct-blocked", new byte[10]);
        // A test run in the background of a shell has SIGINT ignored, and its children inherit that.
        using var program = Shell.Start("""exec env --default-signal=INT cat "$1/direct-blocked" """, mount.Path);
        await mount.Files.BlockedReadArrivedAsync(TestContext.Current.CancellationToken);

        (await Shell.RunAsync("""kill -INT "$1" """, $"{program.Id}")).Expect();

        Assert.NotEqual(0, (await Shell.EndAsync(program)).ExitCode);
        Assert.Equal(1, mount.Files.CancelledReads);
        Assert.Equal(1, mount.Mount.Statistics.Interrupts);
    }
}
