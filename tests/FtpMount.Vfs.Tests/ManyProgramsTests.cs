using System.Globalization;

namespace FtpMount.Vfs.Tests;

/// <summary>
/// Several programs that work on small files at once, in what they wait for: a program that asks for each file alone, and for each thing about it alone, waits five times and
/// more for every file.
/// </summary>
public sealed class ManyProgramsTests
{
    private const int Programs = 8;
    private const int Files = 40;

    [Fact]
    public async Task Programs_that_write_small_files_wait_for_nothing_and_the_files_are_sent_side_by_side()
    {
        const int AtOnce = 32;
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var rounds = Enumerable.Range(0, Programs * Files / AtOnce).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
        var stores = 0;
        await using var mount = new Mount(
            r =>
            {
                r.ParallelStores = AtOnce;
                for (var program = 0; program < Programs; program++)
                    r.PutDirectory($"/{program}");
                r.Delay = (operation, _) =>
                {
                    if (operation != "STORE")
                        return null;
                    var number = Interlocked.Increment(ref stores);
                    if (number % AtOnce == 0)
                        rounds[(number / AtOnce) - 1].SetResult();

                    // None is taken before all are written, and then none before there are as many as go at once.
                    return Task.WhenAll(written.Task, rounds[(number - 1) / AtOnce].Task);
                };
            },
            o => o with { Upload = VfsUploadMode.Auto, Close = VfsCloseMode.Fast });
        await Task.WhenAll(Enumerable.Range(0, Programs).Select(program => Task.Run(async () =>
        {
            for (var file = 0; file < Files; file++)
                await mount.WriteFile($"/{program}/{file}", $"content {program} {file}");
        }))).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        written.SetResult();
        Assert.Empty(await mount.Vfs.DrainAsync(null, default).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.Equal(Programs * Files, mount.Remote.Count("STORE"));
        Assert.InRange(mount.Remote.Count("LIST"), 0, Programs + 1);
        for (var program = 0; program < Programs; program++)
        {
            for (var file = 0; file < Files; file++)
                Assert.Equal($"content {program} {file}", mount.Remote.Text($"/{program}/{file}"));
        }
    }

    [Fact]
    public async Task Programs_that_read_small_files_wait_for_the_first_few_of_each_folder()
    {
        await using var mount = new Mount(
            r =>
            {
                for (var program = 0; program < Programs; program++)
                {
                    for (var file = 0; file < Files; file++)
                        r.Put($"/{program}/{file:00}", $"content {program} {file}");
                }
            },
            o => o with { MemoryBytes = 64 << 20 });
        await Task.WhenAll(Enumerable.Range(0, Programs).Select(program => Task.Run(async () =>
        {
            foreach (var name in await mount.Names($"/{program}"))
            {
                Assert.Equal($"content {program} {int.Parse(name, CultureInfo.InvariantCulture)}", await mount.ReadFile($"/{program}/{name}"));
                await mount.Vfs.PrefetchesAsync();
            }
        })));
        Assert.Equal(Programs * Files, mount.Remote.Count("READ"));
        Assert.InRange(mount.Vfs.Statistics.FilesPrefetchedUsed, Programs * (Files - 5), Programs * Files);
    }
}
