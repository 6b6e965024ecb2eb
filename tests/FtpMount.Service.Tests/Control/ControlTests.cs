using System.Net.Sockets;
using System.Text;
using FtpMount.Service.Control;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Service.Tests.Control;

public sealed class ControlTests
{
    // A path of its own per test: the sockets are in the user's real runtime folder.
    private readonly string _mountPoint = $"/nonexistent/{Guid.NewGuid():N}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ControlServer Start(IControlledMount mount) =>
        ControlServer.Start(RuntimeDirectory.Open(), _mountPoint, mount, TimeProvider.System, NullLogger.Instance);

    private async Task<ControlClient> ConnectAsync() =>
        await ControlClient.ConnectAsync(_mountPoint, RuntimeDirectory.CurrentUser, TimeProvider.System, Token) ?? throw new InvalidOperationException("Nobody listens.");

    [Fact]
    public async Task Status_is_answered_as_often_as_it_is_asked()
    {
        await using var server = Start(new FakeMount(_mountPoint));
        await using var client = await ConnectAsync();
        Assert.Equal(Environment.ProcessId, client.ProcessId);
        Assert.Equal(_mountPoint, (await client.GetStatusAsync(Token))!.MountPoint);
        Assert.Equal(MountState.Offline, (await client.GetStatusAsync(Token))!.State);
    }

    [Fact]
    public async Task Unmount_reports_progress_and_then_the_end()
    {
        var mount = new FakeMount(_mountPoint);
        await using var server = Start(mount);
        await using var client = await ConnectAsync();
        var progress = new TaskCompletionSource<UploadProgress>();
        var unmount = client.UnmountAsync(TimeSpan.FromSeconds(7), new First(progress), Token);
        var watcher = await mount.Asked.Task.WaitAsync(Token);
        watcher!.Report(new UploadProgress(2, 1, 10, 5));
        Assert.Equal(new UploadProgress(2, 1, 10, 5), await progress.Task.WaitAsync(Token));
        mount.Result.SetResult(new UnmountReport(true, [new UploadStatus("/a\uDCE9", 5, 0, "no link")], "/state"));
        await server.DisposeAsync();
        var report = await unmount;
        Assert.Equal((true, 1, TimeSpan.FromSeconds(7)), (report!.Unmounted, report.Pending.Count, mount.Timeout));
        Assert.Equal(("no link", 5L), (report.Pending[0].Error, report.Pending[0].Bytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(2500)]
    public async Task A_queue_of_any_length_arrives_whole_and_in_order(int length)
    {
        var queue = Enumerable.Range(1, length)
            .Select(i => new UploadStatus($"/folder/{i}", i, 0, null) { Id = i, State = PendingUploadState.Refused, Attempts = 3 })
            .ToArray();
        await using var server = Start(new FakeMount(_mountPoint) { Queue = queue });
        await using var client = await ConnectAsync();
        var page = await client.GetQueueAsync(Token);
        Assert.Equal("/folder", page.Root);
        Assert.Equal(queue, page.Files);
        Assert.Equal(queue, (await client.GetQueueAsync(Token)).Files);
    }

    [Fact]
    public async Task What_is_asked_of_the_queue_arrives_and_so_does_the_answer()
    {
        await using var server = Start(new FakeMount(_mountPoint));
        await using var client = await ConnectAsync();
        var report = await client.ChangeQueueAsync(new ControlRequest(ControlRequest.QueueSave) { Ids = [7, 9], Directory = "/to" }, Token);
        Assert.Equal([new QueueFileReport(7, "/folder/a", "/to/queue-save", null), new QueueFileReport(9, "/folder/a", "/to/queue-save", null)], report.Files);
        var refusal = await Assert.ThrowsAsync<MountException>(
            () => client.ChangeQueueAsync(new ControlRequest(ControlRequest.QueueSave) { Ids = [7], Directory = "/refused" }, Token));
        Assert.Equal("not there", refusal.Message);
        Assert.NotNull(await client.GetStatusAsync(Token));
    }

    [Fact]
    public async Task What_is_asked_of_the_caches_reports_progress_and_then_the_end()
    {
        await using var server = Start(new FakeMount(_mountPoint));
        await using var client = await ConnectAsync();
        var progress = new TaskCompletionSource<UploadProgress>();
        var report = await client.ChangeCacheAsync(new ControlRequest(ControlRequest.Pin) { Paths = ["/folder/a", "/folder/b"] }, new First(progress), Token);
        Assert.Equal(new UploadProgress(2, 1, 10, 5), await progress.Task.WaitAsync(Token));
        Assert.Equal((2, 10L), (report.Files, report.Bytes));
        Assert.Equal([new PathProblem("/folder/a", "pin"), new PathProblem("/folder/b", "pin")], report.Problems);
        Assert.NotNull(await client.GetStatusAsync(Token));
    }

    [Fact]
    public async Task The_connection_ends_only_when_the_process_has_let_go_of_everything()
    {
        var mount = new FakeMount(_mountPoint);
        var server = Start(mount);
        await using var client = await ConnectAsync();
        mount.Result.SetResult(new UnmountReport(true, [], "/state"));
        var unmount = client.UnmountAsync(null, null, Token);
        await mount.Asked.Task.WaitAsync(Token);
        await server.StopListeningAsync();
        Assert.Null(await ControlClient.ConnectAsync(_mountPoint, RuntimeDirectory.CurrentUser, TimeProvider.System, Token));
        Assert.False(unmount.IsCompleted);
        await server.DisposeAsync();
        Assert.True((await unmount)!.Unmounted);
    }

    [Fact]
    public async Task A_refusal_reaches_the_client()
    {
        var mount = new FakeMount(_mountPoint);
        await using var server = Start(mount);
        await using var client = await ConnectAsync();
        mount.Result.SetException(new MountException("not now"));
        Assert.Equal("not now", (await Assert.ThrowsAsync<MountException>(() => client.UnmountAsync(null, null, Token))).Message);
    }

    [Fact]
    public async Task Nonsense_ends_the_conversation_and_nothing_else()
    {
        await using var server = Start(new FakeMount(_mountPoint));
        foreach (var nonsense in new[] { "hello\n", "{}\n", "[]\n", "null\n", "\n", "{\"command\":5}\n" })
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            var path = Path.Combine(RuntimeDirectory.Open(), RuntimeDirectory.SocketName(_mountPoint));
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Token);
            await using var stream = new NetworkStream(socket);
            await socket.SendAsync(Encoding.UTF8.GetBytes(nonsense), Token);
            socket.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream);
            _ = await reader.ReadToEndAsync(Token);
        }

        await using var client = await ConnectAsync();
        Assert.NotNull(await client.GetStatusAsync(Token));
    }

    [Fact]
    public async Task An_unknown_request_is_answered_with_an_error()
    {
        await using var server = Start(new FakeMount(_mountPoint));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(RuntimeDirectory.Open(), RuntimeDirectory.SocketName(_mountPoint))), Token);
        await using var stream = new NetworkStream(socket);
        await socket.SendAsync("{\"command\":\"dance\"}\n"u8.ToArray(), Token);
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        Assert.StartsWith("{\"error\":", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_a_dead_process_left_is_replaced()
    {
        var path = Path.Combine(RuntimeDirectory.Open(), RuntimeDirectory.SocketName(_mountPoint));
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            dead.Bind(new UnixDomainSocketEndPoint(path));
        Assert.Null(await ControlClient.ConnectAsync(_mountPoint, RuntimeDirectory.CurrentUser, TimeProvider.System, Token));
        await using (Start(new FakeMount(_mountPoint)))
        await using (var client = await ConnectAsync())
            Assert.NotNull(await client.GetStatusAsync(Token));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void The_runtime_folder_does_not_follow_the_environment() =>
        Assert.Equal(["/run/user/1000/ftpmount", "/tmp/ftpmount-1000"], RuntimeDirectory.CandidatesFor(1000));

    [Fact]
    public void A_folder_that_is_open_to_others_or_a_link_is_not_trusted()
    {
        using var directory = new TemporaryDirectory();
        var user = RuntimeDirectory.CurrentUser;
        Assert.True(RuntimeDirectory.IsTrusted(directory.Path, user));
        Assert.False(RuntimeDirectory.IsTrusted(directory.Path, user + 1));
        var link = Path.Combine(directory.Path, "link");
        Directory.CreateDirectory(Path.Combine(directory.Path, "target"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(link, "target");
        Assert.False(RuntimeDirectory.IsTrusted(link, user));
        File.SetUnixFileMode(directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        Assert.False(RuntimeDirectory.IsTrusted(directory.Path, user));
    }

    private sealed class First(TaskCompletionSource<UploadProgress> target) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => target.TrySetResult(value);
    }

    private sealed class FakeMount(string mountPoint) : IControlledMount
    {
        public TaskCompletionSource<IProgress<UploadProgress>?> Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<UnmountReport> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TimeSpan? Timeout { get; private set; }

        public MountStatus GetStatus() => new() { MountPoint = mountPoint, Url = "ftp://h/", State = MountState.Offline };

        public string Root => "/folder";

        public IReadOnlyList<UploadStatus> Queue { get; init; } = [];

        public Task<CacheReport> ChangeCacheAsync(ControlRequest request, IProgress<UploadProgress> progress, CancellationToken cancellationToken)
        {
            progress.Report(new UploadProgress(2, 1, 10, 5));
            return Task.FromResult(new CacheReport(2, 10, [.. request.Paths!.Select(p => new PathProblem(p, request.Command))]));
        }

        public IReadOnlyList<UploadStatus> GetQueue() => Queue;

        public Task<QueueReport> ChangeQueueAsync(ControlRequest request, CancellationToken cancellationToken) =>
            request.Directory == "/refused"
                ? throw new MountException("not there")
                : Task.FromResult(new QueueReport([.. request.Ids!.Select(id => new QueueFileReport(id, "/folder/a", $"{request.Directory}/{request.Command}", null))]));

        public Task<UnmountReport> UnmountAsync(TimeSpan? timeout, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
        {
            Timeout = timeout;
            Asked.TrySetResult(progress);
            return Result.Task;
        }
    }
}
