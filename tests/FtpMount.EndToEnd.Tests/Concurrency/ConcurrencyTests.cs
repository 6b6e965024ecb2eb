using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Concurrency;

/// <summary>Many programs at once, and many mounts of one server.</summary>
public sealed class ConcurrencyTests
{
    private const int Processes = 8;
    private const int Rounds = 12;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public static TheoryData<string> Places => WorkPlace.All;

    public static TheoryData<FtpServerKind> Servers => [.. FtpServerKinds.All];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Eight_processes_write_and_read_files_of_their_own(string place)
    {
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(async number =>
        {
            await using WorkerProcess worker = WorkerProcess.Start();
            WorkerReply reply = await worker.PathAsync("churn", work.PathOf($"process {number}"), Limit, Rounds, seed: number);
            Assert.True(reply.Text is null && reply.Error == Errno.None, $"process {number}: {reply}");
        }));
        await work.CloseAsync();
        Assert.Equal(Processes, Directory.EnumerateDirectories(work.ServerDirectory).Count());
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Eight_processes_read_one_file(string place)
    {
        const int Size = 24 << 20;
        await using WorkPlace work = await WorkPlace.OpenAsync(place);
        await using (WorkerProcess writer = WorkerProcess.Start())
            Assert.Equal(Errno.None, (await writer.PathAsync("write-file", work.PathOf("shared"), Limit, Size, seed: 3)).Error);
        await work.ReopenAsync();
        await Task.WhenAll(Enumerable.Range(0, Processes).Select(async _ =>
        {
            await using WorkerProcess worker = WorkerProcess.Start();
            WorkerReply reply = await worker.PathAsync("read-file", work.PathOf("shared"), Limit, seed: 3);
            Assert.True(reply.Text is null && reply.Error == Errno.None && reply.Value == Size, reply.ToString());
        }));
        await work.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Two_mounts_of_one_server_see_each_others_changes_after_the_attribute_timeout(FtpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        var options = new MountOptions { Options = ["attr-timeout=1", "dir-timeout=1"] };
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await using Mount first = await Mount.StartAsync(server, options);
        await using Mount second = await Mount.StartAsync(server, options);
        await using WorkerProcess worker = WorkerProcess.Start();

        Assert.Equal("", (await worker.PathAsync("list", second.MountPoint, Limit)).Text);
        Assert.Equal(Errno.ENOENT, (await worker.PathAsync("stat", second.PathOf("file"), Limit)).Error);
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", first.PathOf("file"), Limit, 50_000, seed: 1)).Error);
        await UntilAsync(async () => (await worker.PathAsync("stat", second.PathOf("file"), Limit)).Value == 50_000, "the new file in the second mount");
        await UntilAsync(async () => (await worker.PathAsync("list", second.MountPoint, Limit)).Text == "file", "its name in the listing");
        WorkerReply read = await worker.PathAsync("read-file", second.PathOf("file"), Limit, seed: 1);
        Assert.True(read.Text is null && read.Value == 50_000, read.ToString());

        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", second.PathOf("file"), Limit, 70_000, seed: 2)).Error);
        await UntilAsync(async () => (await worker.PathAsync("stat", first.PathOf("file"), Limit)).Value == 70_000, "the new size in the first mount");
        read = await worker.PathAsync("read-file", first.PathOf("file"), Limit, seed: 2);
        Assert.True(read.Text is null && read.Value == 70_000, read.ToString());

        Assert.Equal(Errno.None, (await worker.PathAsync("unlink", first.PathOf("file"), Limit)).Error);
        await UntilAsync(async () => (await worker.PathAsync("stat", second.PathOf("file"), Limit)).Error == Errno.ENOENT, "that it is gone, in the second mount");
        await first.UnmountAsync();
        await second.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_change_made_on_the_server_is_seen_after_the_attribute_timeout(FtpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { Options = ["attr-timeout=1", "dir-timeout=1"] });
        await using WorkerProcess worker = WorkerProcess.Start();
        string onServer = Path.Combine(server.RootDirectory, "file");
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", onServer, Limit, 10_000, seed: 1)).Error);
        server.AdoptFiles();
        await UntilAsync(async () => (await worker.PathAsync("read-file", mount.PathOf("file"), Limit, seed: 1)).Value == 10_000, "the new file");
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", onServer, Limit, 12_345, seed: 2)).Error);
        await UntilAsync(async () => (await worker.PathAsync("stat", mount.PathOf("file"), Limit)).Value == 12_345, "the new size");
        WorkerReply read = await worker.PathAsync("read-file", mount.PathOf("file"), Limit, seed: 2);
        Assert.True(read.Text is null && read.Value == 12_345, read.ToString());
        await mount.UnmountAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < end, $"Not seen within {Limit.TotalSeconds} s: {what}");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
