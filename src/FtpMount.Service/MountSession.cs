using FtpMount.Ftp;
using FtpMount.Fuse;
using FtpMount.Remote;
using FtpMount.Service.Control;
using FtpMount.Service.Notification;
using FtpMount.Service.Posix;
using FtpMount.Service.Queue;
using FtpMount.Service.Urls;
using FtpMount.Sftp;
using FtpMount.Sftp.Transport;
using FtpMount.Sftp.Transport.Ssh;
using FtpMount.Vfs;
using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Pins;
using FtpMount.Vfs.Queue;
using FtpMount.Vfs.WriteBack;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service;

/// <summary>
/// One mount, from the server to the mount point: puts protocol, virtual file system, kernel adapter and control socket together and takes them apart
/// in the order in which nothing is lost: unmount, so that nothing new is written; send what is unsent; let go of the rest.
/// </summary>
public sealed class MountSession : IControlledMount, IAsyncDisposable
{
    /// <summary>How long programs that still have files open on the mount keep it busy before it is detached from under them.</summary>
    private static readonly TimeSpan UnmountDeadline = TimeSpan.FromSeconds(10);

    /// <summary>More than anyone reads in the status of a mount; 'ftpmount queue' has all of them.</summary>
    private const int FilesInStatus = 1000;

    private readonly MountConfiguration _configuration;
    private readonly MountDirectories _directories;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly List<IProgress<UploadProgress>> _watchers = [];
    private readonly TaskCompletionSource _unmountAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _leaveUnsent;
    private readonly Stack<IAsyncDisposable> _parts = new();

    private IRemoteFileSystem? _remote;
    private VirtualFileSystem? _files;
    private FuseMount? _mount;
    private ControlServer? _control;
    private DateTimeOffset _since;
    private volatile bool _unmounting;

    private MountSession(MountConfiguration configuration, MountDirectories directories, TimeProvider time, ILogger logger)
    {
        _configuration = configuration;
        _directories = directories;
        _time = time;
        _logger = logger;
        _leaveUnsent = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Ends when the mount is gone, whoever unmounted it, and what was unsent is sent or left behind.</summary>
    public Task<UnmountReport> Completion { get; private set; } = null!;

    /// <summary>Makes a mount. When this returns it answers.</summary>
    /// <param name="configuration">What and where.</param>
    /// <param name="directories">Its folders.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where each part's messages go.</param>
    /// <param name="prompter">Who is asked for what an SSH login in this process needs; null for nobody.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="MountException">It cannot be made; says why and what to do.</exception>
    public static async Task<MountSession> StartAsync(
        MountConfiguration configuration, MountDirectories directories, TimeProvider time, ILoggerFactory loggers, ISshPrompter? prompter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(directories);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        var session = new MountSession(configuration, directories, time, loggers.CreateLogger<MountSession>());
        try
        {
            await session.StartAsync(loggers, prompter, cancellationToken);
            return session;
        }
        catch (Exception exception)
        {
            await session.DisposeAsync();
            throw exception switch
            {
                RemoteException remote => new MountException(remote.Message, remote),
                FuseMountException fuse => new MountException(fuse.Message, fuse),
                IOException or UnauthorizedAccessException => new MountException(exception.Message, exception),
                _ => exception,
            };
        }
    }

    /// <inheritdoc/>
    public MountStatus GetStatus()
    {
        var remote = _remote!.Statistics;
        var statistics = _files!.Statistics;
        var content = statistics.Content;
        var pending = _files.PendingUploads;
        return new MountStatus
        {
            MountPoint = _configuration.MountPoint,
            Url = _remote.DisplayName,
            Root = _remote.Root.Value,
            State = _unmounting ? MountState.Unmounting : remote.Offline || _files.IsOffline ? MountState.Offline : MountState.Mounted,
            ProcessId = Environment.ProcessId,
            UserId = RuntimeDirectory.CurrentUser,
            Since = _since,
            OfflineSince = _files.OfflineSince,
            ReadOnly = _configuration.Options.ReadOnly,
            Server = remote.ServerSoftware,
            Connections = new ConnectionStatus(remote.OpenConnections, remote.BusyConnections, remote.ConnectionLimit),
            Cache = new CacheStatus(content.MemoryBytes, content.DiskBytes, MemoryLimit, DiskLimit),
            Uploads = new UploadQueueStatus(
                pending.Count, pending.Sum(u => u.Bytes), pending.Sum(u => u.BytesSent), [.. pending.OrderByDescending(NeedsLook).Take(FilesInStatus).Select(UploadStatus.Of)])
            {
                Failed = pending.Count(NeedsLook),
            },
            Pinned = [.. _files.Pins.Select(p => p.Value)],
            Conflicts = [.. _files.Conflicts.Select(c => new ConflictStatus(c.Path.Value, c.Copy.Value, c.Time))],
            Prefetch = new PrefetchStatus(
                statistics.ListingsPrefetched, statistics.ListingsPrefetchedUsed, statistics.FilesPrefetched, statistics.FilesPrefetchedUsed, statistics.BytesPrefetchedUnused),
            BytesReceived = remote.BytesReceived,
            BytesSent = remote.BytesSent,
            LastError = remote.LastError,
        };
    }

    /// <inheritdoc/>
    public async Task<UnmountReport> UnmountAsync(TimeSpan? timeout, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        if (progress is not null)
        {
            lock (_lock)
                _watchers.Add(progress);
        }

        if (timeout is { } limit)
            _leaveUnsent.CancelAfter(limit);
        _unmounting = true;
        _unmountAsked.TrySetResult();
        return await Completion.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public string Root => _remote!.Root.Value;

    /// <inheritdoc/>
    public IReadOnlyList<UploadStatus> GetQueue() => [.. _files!.PendingUploads.Select(UploadStatus.Of)];

    /// <inheritdoc/>
    public async Task<QueueReport> ChangeQueueAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var ids = request.Ids ?? [];
        IReadOnlyList<QueueOutcome> outcomes = request.Command switch
        {
            ControlRequest.QueueRetry => _files!.RetryUploads(ids),
            ControlRequest.QueueDiscard => await _files!.DiscardUploadsAsync(ids, cancellationToken),
            _ => await _files!.SaveUploadsAsync(ids, SavingDirectory(request), cancellationToken),
        };
        return new QueueReport([.. outcomes.Select(QueueFileReport.Of)]);
    }

    /// <inheritdoc/>
    public async Task<CacheReport> ChangeCacheAsync(ControlRequest request, IProgress<UploadProgress> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var report = new CacheReport(0, 0, []);
        foreach (var path in (request.Paths ?? []).Select(RemotePath.Parse))
        {
            try
            {
                report = Together(report, await ChangeCacheAsync(request.Command, path, progress, cancellationToken));
            }
            catch (IOException exception)
            {
                report = Together(report, new CacheReport(0, 0, [new PathProblem(path.Value, exception.Message)]));
            }
        }

        return report;
    }

    private async Task<CacheReport> ChangeCacheAsync(string command, RemotePath path, IProgress<UploadProgress> progress, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case ControlRequest.Refresh:
                return Outcome(path, await _files!.RefreshAsync(path, cancellationToken));
            case ControlRequest.Forget:
                return new CacheReport(0, _files!.ForgetContent(path), _files.Pins.Any(p => path.IsAtOrBelow(p)) ? [new PathProblem(path.Value, "it is pinned; 'ftpmount unpin' lets it go")] : []);
            case ControlRequest.Unpin:
                return new CacheReport(0, 0, _files!.Unpin(path) ? [] : [new PathProblem(path.Value, "it is not pinned by this path; 'ftpmount status' lists what is")]);
            default:
                var pinned = await _files!.PinAsync(
                    path, new Relay<PinProgress>(p => progress.Report(new UploadProgress(p.Files, p.FilesDone, p.Bytes, p.BytesDone))), cancellationToken);
                return pinned.IsSuccess
                    ? new CacheReport(pinned.Value.Files, pinned.Value.Bytes, [.. pinned.Value.Failed.Select(f => new PathProblem(f.Path.Value, f.Reason))])
                    : Outcome(path, pinned.Error);
        }
    }

    private static CacheReport Outcome(RemotePath path, VfsError error) => new(0, 0, error == VfsError.None ? [] : [new PathProblem(path.Value, error switch
    {
        VfsError.NotFound => "the server does not have it",
        VfsError.Offline or VfsError.TimedOut => "the server cannot be reached",
        VfsError.AccessDenied => "the server does not allow it",
        VfsError.NotADirectory => "what is above it is not a folder",
        _ => $"it failed ({error}); the log of the mount tells more",
    })]);

    private static CacheReport Together(CacheReport one, CacheReport other) => new(one.Files + other.Files, one.Bytes + other.Bytes, [.. one.Problems, .. other.Problems]);

    private static bool NeedsLook(PendingUpload upload) => upload.State is PendingUploadState.Refused or PendingUploadState.Torn;

    private string SavingDirectory(ControlRequest request)
    {
        if (request.Directory is not { } directory || !Path.IsPathFullyQualified(directory))
            throw new MountException("No folder to save to was named");
        return QueuePaths.IsAtOrBelow(directory, _configuration.MountPoint)
            ? throw new MountException($"{directory} is in the mount itself; name a folder on this machine's disk")
            : directory;
    }

    /// <summary>Unmounts at once; what is unsent stays in the state folder.</summary>
    public void LeaveUnsent()
    {
        _leaveUnsent.Cancel();
        _unmounting = true;
        _unmountAsked.TrySetResult();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Completion is { IsCompleted: false })
        {
            LeaveUnsent();
            await ((Task)Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_control is not null)
            await _control.StopListeningAsync();
        while (_parts.TryPop(out var part))
            await part.DisposeAsync();
        // Last, because a client that asked to unmount takes the end of its connection as the sign that it may mount again.
        if (_control is not null)
            await _control.DisposeAsync();
        _leaveUnsent.Dispose();
    }

    private long MemoryLimit => _configuration.Options.MemoryBytes ?? VfsDefaults.MemoryBytes;

    private long DiskLimit => _configuration.Options.CacheBytes ?? VfsDefaults.CacheBytes;

    private VfsOptions VfsDefaults => new() { CacheDirectory = _directories.Cache, StateDirectory = _directories.State };

    private async Task StartAsync(ILoggerFactory loggers, ISshPrompter? prompter, CancellationToken cancellationToken)
    {
        _directories.Create();
        var runtime = RuntimeDirectory.Open();
        TakeLock(Path.Combine(runtime, RuntimeDirectory.LockName(_configuration.MountPoint)), "mounts or serves this mount point");
        TakeLock(Path.Combine(_directories.State, "lock"), "uses the same state-dir for the same mount");
        _remote = await ConnectAsync(loggers, prompter, cancellationToken);
        _parts.Push(_remote);
        MountNote.Write(_directories.State, new MountNote(_configuration.MountPoint, _remote.DisplayName, _remote.Root.Value));
        if (!_configuration.Options.ReadOnly)
            await TakeOverAsync();
        _files = new VirtualFileSystem(_remote, ToVfsOptions(), _time, loggers);
        _parts.Push(_files);
        ListenForIncidents(loggers);
        await _files.RecoverAsync(cancellationToken);
        _files.AskAhead();
        _mount = await FuseMount.MountAsync(_files, ToFuseOptions(), loggers.CreateLogger<FuseMount>(), cancellationToken);
        _parts.Push(_mount);
        _since = _time.GetUtcNow();
        Completion = RunAsync();
        _control = ControlServer.Start(runtime, _configuration.MountPoint, this, _time, loggers.CreateLogger<ControlServer>());
        _logger.LogInformation("{Url} is mounted on {MountPoint}", _remote.DisplayName, _configuration.MountPoint);
    }

    private void ListenForIncidents(ILoggerFactory loggers)
    {
        if (_configuration.Options.NotifyCommand is not { } command)
            return;
        var environment = new Dictionary<string, string> { ["FTPMOUNT_MOUNTPOINT"] = _configuration.MountPoint, ["FTPMOUNT_URL"] = _remote!.DisplayName };
        var hook = new NotifyCommand(ShellWords.Split(command), environment, _time, loggers.CreateLogger<NotifyCommand>());
        _parts.Push(hook);
        _files!.IncidentOccurred += incident => hook.Post(NameOf(incident.Kind), LocalPathOf(incident.Path), incident.Message);
    }

    private static string NameOf(VfsIncidentKind kind) => kind switch
    {
        VfsIncidentKind.Conflict => "conflict",
        VfsIncidentKind.Refused => "refused",
        VfsIncidentKind.Torn => "torn",
        VfsIncidentKind.Offline => "offline",
        _ => "online",
    };

    /// <summary>Where programs here find a file of the server; its path there when it lies outside of the mount.</summary>
    private string LocalPathOf(RemotePath path)
    {
        var root = _remote!.Root;
        if (!path.IsAtOrBelow(root))
            return path.Value;
        var relative = root.IsRoot ? path.Value : path.Value[root.Value.Length..];
        return relative is "/" or "" ? _configuration.MountPoint : _configuration.MountPoint.TrimEnd('/') + relative;
    }

    /// <summary>What mounts of the same site that have ended left unsent in the folder that is mounted now is sent by this one.</summary>
    private async Task TakeOverAsync()
    {
        foreach (var state in _directories.OtherStates)
        {
            if (FileLock.TryTake(Path.Combine(state, "lock")) is not { } held)
                continue;
            await using (held)
            {
                try
                {
                    var count = JournalHandover.TakeOver(state, _directories.State, _remote!.Root, _logger);
                    if (count > 0)
                        _logger.LogInformation("{Count} files that another mount of this site did not send are sent by this one", count);
                }
                catch (IOException exception)
                {
                    _logger.LogWarning(exception, "What is unsent in {Folder} stays there", state);
                }
            }
        }
    }

    private void TakeLock(string path, string purpose)
    {
        var held = FileLock.TryTake(path)
            ?? throw new MountException($"{_configuration.MountPoint}: another ftpmount {purpose} already; 'ftpmount status' shows it");
        _parts.Push(held);
    }

    private async Task<UnmountReport> RunAsync()
    {
        await Task.WhenAny(_mount!.Completion, _unmountAsked.Task);
        _unmounting = true;
        var gone = await UnmountAsync();
        var pending = await SendUnsentAsync();
        foreach (var upload in pending)
            _logger.LogError("Not sent: {Path} ({Bytes} bytes): {Error}", upload.Path, upload.Bytes, upload.LastError ?? "not tried");
        _logger.LogInformation("{MountPoint} is unmounted", _configuration.MountPoint);
        return new UnmountReport(gone, [.. pending.Select(UploadStatus.Of)], _directories.State);
    }

    private async Task<bool> UnmountAsync()
    {
        if (_mount!.Completion.IsCompleted)
        {
            _logger.LogInformation("{MountPoint} was unmounted by someone", _configuration.MountPoint);
            return true;
        }

        try
        {
            return await _mount.UnmountAsync(UnmountDeadline, CancellationToken.None);
        }
        catch (FuseMountException exception)
        {
            _logger.LogError("{MountPoint} could not be unmounted: {Message}", _configuration.MountPoint, exception.Message);
            return false;
        }
    }

    private async Task<IReadOnlyList<PendingUpload>> SendUnsentAsync()
    {
        try
        {
            return await _files!.DrainAsync(new Relay<DrainProgress>(Report), _leaveUnsent.Token);
        }
        catch (OperationCanceledException)
        {
            return _files!.PendingUploads;
        }
    }

    private void Report(DrainProgress value)
    {
        var progress = new UploadProgress(value.Files, value.FilesDone, value.Bytes, value.BytesSent);
        lock (_lock)
        {
            foreach (var watcher in _watchers)
                watcher.Report(progress);
        }
    }

    private async ValueTask<IRemoteFileSystem> ConnectAsync(ILoggerFactory loggers, ISshPrompter? prompter, CancellationToken cancellationToken)
    {
        if (_configuration.Url.Scheme != RemoteScheme.Sftp)
            return await FtpFileSystem.ConnectAsync(FtpSettings.From(_configuration, _directories), _time, loggers.CreateLogger<FtpFileSystem>(), cancellationToken);
        var options = SftpSettings.From(_configuration);
        var logger = loggers.CreateLogger<SftpFileSystem>();
        return await SftpFileSystem.ConnectAsync(options, SftpConnectors.Create(options, _time, logger, prompter), _time, logger, cancellationToken);
    }

    private VfsOptions ToVfsOptions()
    {
        var options = _configuration.Options;
        var defaults = VfsDefaults;
        return defaults with
        {
            CacheBytes = DiskLimit,
            MemoryBytes = MemoryLimit,
            AttributeTimeout = options.AttributeTimeout ?? defaults.AttributeTimeout,
            DirectoryTimeout = options.DirectoryTimeout ?? defaults.DirectoryTimeout,
            // That a name does not exist is known from the listing or from asking for it: the shorter promise holds.
            NegativeTimeout = Least(options.AttributeTimeout, options.DirectoryTimeout) ?? defaults.NegativeTimeout,
            ReadOnly = options.ReadOnly,
            OwnersFromServer = _configuration.Url.Scheme == RemoteScheme.Sftp && options.UserId is null && options.GroupId is null,
            WriteBack = options.WriteBack ?? defaults.WriteBack,
            Close = options.Close ?? defaults.Close,
            Sync = options.Sync ?? defaults.Sync,
            Conflict = options.Conflict ?? defaults.Conflict,
            Upload = options.Upload ?? defaults.Upload,
            Offline = options.Offline ?? defaults.Offline,
            WriteBytes = options.WriteBytes,
            Prefetch = !options.NoPrefetch,
            UserId = options.UserId ?? PosixCalls.geteuid(),
            GroupId = options.GroupId ?? PosixCalls.getegid(),
            Umask = options.Umask,
            VerifyChecksums = options.VerifyChecksums,
            Timeout = options.Timeout ?? defaults.Timeout,
        };
    }

    private FuseMountOptions ToFuseOptions() => new()
    {
        MountPoint = _configuration.MountPoint,
        Source = _configuration.Source,
        AllowOther = _configuration.Options.AllowOther,
        DefaultPermissions = _configuration.Options.DefaultPermissions,
        ReadOnly = _configuration.Options.ReadOnly,
    };

    private static TimeSpan? Least(TimeSpan? left, TimeSpan? right) => left < right || right is null ? left : right;

    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
