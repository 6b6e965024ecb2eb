using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>The server dies, or stops answering, while a program reads and writes: its calls end, and all goes on when the server is back.</summary>
public sealed class ServerFaultTests
{
    /// <summary>Far above the mount's own deadline (timeout=3): a call that takes longer hangs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan CatchUpLimit = TimeSpan.FromSeconds(120);
    private static readonly MountOptions ShortDeadline = new() { Options = ["timeout=3", "attr-timeout=1", "dir-timeout=1"] };

    public static TheoryData<FtpServerKind> Servers => [.. FtpServerKinds.All];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_read_ends_with_an_error_when_the_server_is_killed_and_works_when_it_is_back(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        const long Size = 512L << 20;
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", Path.Combine(server.RootDirectory, "big"), Limit, Size, seed: 5)).Error);
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);

        int file = await worker.OpenAsync(mount.PathOf("big"), OpenFlags.ReadOnly, Limit);
        WorkerReply read = await worker.DescriptorAsync("read", file, Limit, offset: 0, length: 1 << 20, seed: 5);
        Assert.True(read.Value == 1 << 20 && read.Text is null, read.ToString());
        await server.KillAsync();
        long offset = 1 << 20;
        do
        {
            read = await worker.DescriptorAsync("read", file, Limit, offset, 1 << 20, seed: 5);
            Assert.Null(read.Text); // what still comes, from what had been read ahead, is right
            offset += Math.Max(0, read.Value);
        }
        while (read.Error == Errno.None && read.Value > 0);
        Assert.True(read.Error is Errno.EIO or Errno.ETIMEDOUT or Errno.ENETUNREACH or Errno.EHOSTDOWN, $"{read} at {offset} of {Size}\n{mount.ReadLog()}");

        await server.RestartAsync();
        read = await UntilSucceedsAsync(() => worker.DescriptorAsync("read", file, Limit, offset, 1 << 20, seed: 5));
        Assert.True(read.Text is null && read.Value == 1 << 20, read.ToString());
        Assert.Equal(Errno.None, (await worker.DescriptorAsync("close", file, Limit)).Error);
        WorkerReply whole = await worker.PathAsync("read-file", mount.PathOf("big"), Limit, seed: 5);
        Assert.True(whole.Text is null && whole.Error == Errno.None && whole.Value == Size, whole.ToString());
        await mount.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_write_ends_with_an_error_when_the_server_is_killed_and_arrives_when_it_is_back(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        const int Size = 20 << 20;

        int file = await worker.OpenAsync(mount.PathOf("new"), OpenFlags.ReadWrite | OpenFlags.Create, Limit);
        WorkerReply written = await worker.DescriptorAsync("write", file, Limit, offset: 0, length: Size / 2, seed: 6);
        Assert.Equal(Size / 2, written.Value);
        await server.KillAsync();
        written = await worker.DescriptorAsync("write", file, Limit, offset: Size / 2, length: Size / 2, seed: 6);
        WorkerReply synchronized = await worker.DescriptorAsync("fsync", file, Limit);
        Assert.True(written.Error != Errno.None || synchronized.Error != Errno.None, $"Neither write nor fsync told of the dead server\n{mount.ReadLog()}");
        bool wroteAll = written.Value == Size / 2;
        await worker.DescriptorAsync("close", file, Limit);

        await server.RestartAsync();
        await UntilSucceedsAsync(() => worker.PathAsync("stat", mount.PathOf("new"), Limit));
        await UntilOnServerAsync(server, worker, "new", wroteAll ? Size : Size / 2, seed: 6, mount);
        WorkerReply read = await worker.PathAsync("read-file", mount.PathOf("new"), Limit, seed: 6);
        Assert.True(read.Text is null && read.Error == Errno.None, read.ToString());
        await mount.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_close_ends_with_an_error_when_the_server_is_killed_during_the_upload_and_the_content_arrives_later(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        const int Size = 8 << 20;

        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("file"), Limit, 1000, seed: 1)).Error);
        int file = await worker.OpenAsync(mount.PathOf("file"), OpenFlags.WriteOnly, Limit);
        Assert.Equal(Size, (await worker.DescriptorAsync("write", file, Limit, offset: 0, length: Size, seed: 7)).Value);
        await server.SuspendAsync(); // so that the upload is under way, and stuck, when the server dies
        Task<WorkerReply> closing = worker.DescriptorAsync("close", file, Limit);
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        await server.KillAsync();
        WorkerReply closed = await closing;
        Assert.True(closed.Error != Errno.None, $"close told nothing of the dead server\n{mount.ReadLog()}");

        await server.RestartAsync();
        await UntilOnServerAsync(server, worker, "file", Size, seed: 7, mount);
        await mount.UnmountAsync();
        Assert.Equal("file", string.Join(' ', Directory.EnumerateFileSystemEntries(server.RootDirectory).Select(Path.GetFileName)));
    }

    /// <summary>Also by the timer for sessions without transfers, which no command but a transfer resets.</summary>
    [Theory]
    [InlineData(FtpServerKind.ProFtpd, true)]
    [InlineData(FtpServerKind.Vsftpd, false)]
    public async Task Programs_do_not_notice_that_the_servers_timers_have_ended_all_sessions(FtpServerKind kind, bool withoutTransfers)
    {
        if (!FtpServerKinds.IsAvailable(kind, out string reason))
            Assert.Skip(reason);
        TimeSpan timer = TimeSpan.FromSeconds(2);
        await using FtpTestServer server = await FtpTestServer.StartAsync(
            kind, withoutTransfers ? new FtpServerOptions { NoTransferTimeout = timer } : new FtpServerOptions { IdleTimeout = timer }, TestContext.Current.CancellationToken);
        foreach (string name in (string[])["first", "second"])
            await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, name), "content of " + name, TestContext.Current.CancellationToken);
        server.AdoptFiles();
        await using Mount mount = await Mount.StartAsync(server);
        Assert.Equal("content of first", await File.ReadAllTextAsync(mount.PathOf("first"), TestContext.Current.CancellationToken));
        await WithoutSessionsAsync();
        // What a program gets where its call fails would be an exception here.
        Assert.Equal("content of second", await File.ReadAllTextAsync(mount.PathOf("second"), TestContext.Current.CancellationToken));
        await WithoutSessionsAsync();
        await File.WriteAllTextAsync(mount.PathOf("third"), "content of third", TestContext.Current.CancellationToken);
        Assert.Equal("content of third", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "third"), TestContext.Current.CancellationToken));
        await WithoutSessionsAsync();
        File.Delete(mount.PathOf("first"));
        Assert.Equal("second third", string.Join(' ', Directory.EnumerateFileSystemEntries(mount.MountPoint).Select(Path.GetFileName).Order()));
        await mount.UnmountAsync();

        Task WithoutSessionsAsync() => Patience.UntilAsync(() => Task.FromResult(server.ControlConnectionCount == 0), mount.ReadLog);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Every_call_ends_while_the_server_is_suspended_and_works_when_it_goes_on(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        // The names of the top directory are known: they are asked for while it is mounted.
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, "top", "unseen"));
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "top", "unseen", "file"), "content", TestContext.Current.CancellationToken);
        server.AdoptFiles();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        await server.SuspendAsync();
        try
        {
            foreach ((string operation, string path) in ((string, string)[])[("stat", "top/unseen/file"), ("list", "top/unseen"), ("read-file", "top/unseen/file"), ("mkdir", "new"), ("unlink", "top/unseen/file")])
            {
                WorkerReply reply = await worker.PathAsync(operation, mount.PathOf(path), Limit);
                Assert.True(reply.Error != Errno.None, $"{operation} of {path} succeeded on a server that does not answer: {reply}");
            }
        }
        finally
        {
            await server.ResumeAsync();
        }
        await UntilSucceedsAsync(() => worker.PathAsync("list", mount.MountPoint, Limit));
        await UntilSucceedsAsync(() => worker.PathAsync("list", mount.PathOf("top/unseen"), Limit));
        await mount.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_server_that_restarted_between_two_calls_is_not_noticed(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        for (int round = 0; round < 3; round++)
        {
            WorkerReply written = await worker.PathAsync("write-file", mount.PathOf($"file {round}"), Limit, 100_000, seed: round);
            Assert.True(written.Error == Errno.None, $"{written}\n{mount.ReadLog()}");
            await server.RestartAsync();
            WorkerReply listed = await worker.PathAsync("list", mount.MountPoint, Limit);
            Assert.True(listed.Error == Errno.None, $"{listed}\n{mount.ReadLog()}");
        }
        await mount.UnmountAsync();
        Assert.Equal(3, Directory.EnumerateFiles(server.RootDirectory).Count());
    }

    private static async Task<FtpTestServer> StartAsync(FtpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        return await FtpTestServer.StartAsync(kind);
    }

    private static async Task<WorkerReply> UntilSucceedsAsync(Func<Task<WorkerReply>> call)
    {
        long end = Environment.TickCount64 + (long)CatchUpLimit.TotalMilliseconds;
        while (true)
        {
            WorkerReply reply = await call();
            if (reply.Error == Errno.None)
                return reply;
            Assert.True(Environment.TickCount64 < end, $"Still {reply.Error} {CatchUpLimit.TotalSeconds} s after the server came back");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }

    private static async Task UntilOnServerAsync(FtpTestServer server, WorkerProcess worker, string name, long size, int seed, Mount mount)
    {
        string path = Path.Combine(server.RootDirectory, name);
        long end = Environment.TickCount64 + (long)CatchUpLimit.TotalMilliseconds;
        while (true)
        {
            WorkerReply reply = await worker.PathAsync("read-file", path, Limit, seed: seed);
            if (reply.Error == Errno.None && reply.Text is null && reply.Value == size)
                return;
            Assert.True(Environment.TickCount64 < end, $"{name} is not on the server {CatchUpLimit.TotalSeconds} s after it came back: {reply}\n{mount.ReadLog()}");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
