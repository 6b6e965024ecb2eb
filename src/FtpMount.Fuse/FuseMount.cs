using System.Globalization;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Mounting;
using FtpMount.Fuse.Native;
using FtpMount.Fuse.Notifications;
using FtpMount.Fuse.Requests;
using FtpMount.Fuse.Transport;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse;

/// <summary>
/// A file system mounted through FUSE. Lives from <see cref="MountAsync"/> until somebody unmounts it: <see cref="UnmountAsync"/>,
/// or <c>umount</c> from outside; then <see cref="Completion"/> ends. The process that serves a mount must never use it itself:
/// what asks and what answers would wait for each other.
/// </summary>
public sealed class FuseMount : IAsyncDisposable
{
    /// <summary>How long the end of the notifying thread is waited for once the connection is gone.</summary>
    private static readonly TimeSpan NotifierTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the end is waited for after the connection was aborted.</summary>
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How often a reader is woken that must end.</summary>
    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(20);

    private readonly FuseMountOptions _options;
    private readonly ILogger _logger;
    private readonly bool _byKernel;
    private readonly DeviceTransport _transport;
    private readonly RequestBufferPool _buffers = new();
    private readonly FuseDispatcher _dispatcher;
    private readonly KernelNotifier _notifier;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _readersEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MountTableEntry? _mounted;
    private IOException? _failure;
    private int _readers;

    private FuseMount(IVirtualFileSystem fileSystem, FuseMountOptions options, string path, int descriptor, bool byKernel, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _byKernel = byKernel;
        MountPoint = path;
        _transport = new DeviceTransport(descriptor);
        _dispatcher = new FuseDispatcher(fileSystem, _transport, _buffers, options.MaximumBackground, options.Time, logger);
        _notifier = new KernelNotifier(_transport, _dispatcher.Statistics, logger);
        fileSystem.Attach(_notifier);
    }

    /// <summary>The absolute path without symbolic links.</summary>
    public string MountPoint { get; }

    /// <summary>Ends when the file system is unmounted, by whomever, and every request has been dealt with. Fails only when the device itself failed.</summary>
    public Task Completion => _completion.Task;

    /// <summary>The counters of this mount.</summary>
    public FuseStatistics Statistics => _dispatcher.Statistics;

    /// <summary>Mounts a file system: as root by itself, for ordinary users through <c>fusermount3</c>.</summary>
    /// <param name="fileSystem">What is mounted; this mount becomes its observer.</param>
    /// <param name="options">Where and how.</param>
    /// <param name="logger">Where failures of single requests are told.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The mount, which answers already.</returns>
    /// <exception cref="FuseMountException">It could not be mounted; the message says what to do.</exception>
    public static async ValueTask<FuseMount> MountAsync(IVirtualFileSystem fileSystem, FuseMountOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fileSystem);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.ReaderThreads, Math.Clamp(options.ReaderThreads, 1, 16));
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.MaximumBackground, Math.Clamp(options.MaximumBackground, 1, ushort.MaxValue));
        cancellationToken.ThrowIfCancellationRequested();

        var mount = await Task.Factory.StartNew(
            () => Mount(fileSystem, options, logger),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        mount.StartReaders();
        try
        {
            if (!await mount._dispatcher.Initialized.WaitAsync(options.Timeout, cancellationToken))
                throw new FuseMountException(FuseMountError.Failed, string.Create(CultureInfo.InvariantCulture, $"{mount.MountPoint}: the kernel speaks FUSE 7.{mount._dispatcher.KernelMinorVersion}; 7.{FuseDispatcher.OldestMinorVersion} (Linux 5.4) or later is needed."));
            mount._notifier.Start(mount._dispatcher.Agreed, mount._dispatcher.KernelMinorVersion);
            mount.RaiseReadAhead();
            return mount;
        }
        catch (Exception e)
        {
            await mount.DisposeAsync();
            if (e is TimeoutException)
                throw new FuseMountException(FuseMountError.Failed, $"{mount.MountPoint}: the kernel did not begin to use the mount within {options.Timeout.TotalSeconds:0} s.", e);
            throw;
        }
    }

    /// <summary>
    /// Unmounts. While files are open the mount is detached: its name is gone at once, open files go on working, and it ends with
    /// the last of them.
    /// </summary>
    /// <param name="deadline">How long to wait for the end.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>True when the mount has ended; false when open files still hold it (it goes on serving them).</returns>
    public async ValueTask<bool> UnmountAsync(TimeSpan deadline, CancellationToken cancellationToken)
    {
        if (Completion.IsCompleted)
            return true;

        // umount may wait for requests that this process answers, so it must not hold a thread that answers them.
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        expiry.CancelAfter(deadline);
        var unmount = Task.Factory.StartNew(Unmount, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await unmount.WaitAsync(expiry.Token);
            await ((Task)Completion).WaitAsync(expiry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Completion.IsCompleted;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Completion.IsCompleted;
    }

    /// <summary>Unmounts; when open files still hold the mount after <see cref="FuseMountOptions.AbortAfter"/>, aborts the connection, so that their calls fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (await UnmountAsync(_options.AbortAfter, CancellationToken.None))
            return;
        await AbortAsync();
        if (!Completion.IsCompleted)
            _logger.LogError("{Path}: {Count} requests do not end; the mount ends with this process.", MountPoint, Statistics.InFlight);
    }

    private static FuseMount Mount(IVirtualFileSystem fileSystem, FuseMountOptions options, ILogger logger)
    {
        var isRoot = LibC.EffectiveUserId() == 0;
        var path = Mounting.MountPoint.Prepare(options, isRoot, logger);
        var descriptor = isRoot ? KernelMount.Mount(path, options) : -1;
        var byKernel = descriptor >= 0;
        if (!byKernel)
            descriptor = Fusermount.Mount(path, options);
        return new FuseMount(fileSystem, options, path, descriptor, byKernel, logger) { _mounted = MountTable.Read().At(path) };
    }

    private void StartReaders()
    {
        _readers = _options.ReaderThreads;
        for (var i = 0; i < _options.ReaderThreads; i++)
            new Thread(Read) { IsBackground = true, Name = string.Create(CultureInfo.InvariantCulture, $"fuse-reader-{i}") }.Start();
        _ = EndAsync();
    }

    private void Read()
    {
        _transport.EnterReader();
        try
        {
            using var reader = new FuseReader(_dispatcher, _transport, _buffers);
            reader.Serve();
        }
        catch (IOException e)
        {
            _logger.LogError(e, "{Path}: the mount ends.", MountPoint);
            _failure = e;
        }
        finally
        {
            _transport.LeaveReader();
            if (Interlocked.Decrement(ref _readers) == 0)
                _readersEnded.TrySetResult();
        }
    }

    /// <summary>What remains to be done after the last reader has seen the end.</summary>
    private async Task EndAsync()
    {
        await _readersEnded.Task;
#pragma warning disable CA1031 // Whatever fails here is told to whoever waits for the end.
        try
        {
            await _dispatcher.EndAsync();
            _notifier.Stop();
            await _notifier.Ended.WaitAsync(NotifierTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A notifier that still sits in the kernel uses the descriptor: then it stays open until the process ends.
            if (_notifier.Ended.IsCompleted)
                _transport.Dispose();
            _dispatcher.Dispose();
            _buffers.Dispose();
            if (_failure is { } failure)
                _completion.TrySetException(failure);
            else
                _completion.TrySetResult();
        }
        catch (Exception e)
        {
            _completion.TrySetException(e);
        }
#pragma warning restore CA1031
    }

    private void Unmount()
    {
        // Somebody else's mount may lie at the same path by now, or ours be detached already: then only the end is waited for.
        if (_mounted is not null && MountTable.Read().At(MountPoint)?.Device != _mounted.Device)
            return;
        if (_byKernel)
            UnmountByKernel();
        else
            UnmountByFusermount();
    }

    private void UnmountByKernel()
    {
        if (LibC.Unmount(MountPoint, LibC.UnmountNoFollow) == 0)
            return;
        var errno = (Errno)Marshal.GetLastPInvokeError();
        if (errno == Errno.EBUSY)
        {
            _logger.LogInformation("{Path}: programs use the mount; it is detached and ends with the last of them.", MountPoint);
            if (LibC.Unmount(MountPoint, LibC.UnmountDetach | LibC.UnmountNoFollow) == 0)
                return;
            errno = (Errno)Marshal.GetLastPInvokeError();
        }

        // EINVAL: it is no mount any more.
        if (errno != Errno.EINVAL)
            _logger.LogError("{Path}: cannot be unmounted: {Error}.", MountPoint, LibC.Describe((int)errno));
    }

    private void UnmountByFusermount()
    {
        if (Fusermount.Unmount(MountPoint, lazy: false, _options.Timeout) is not { } message)
            return;
        if (MountTable.Read().At(MountPoint) is null)
            return;
        _logger.LogInformation("{Path}: {Message}; it is detached and ends with the last program that uses it.", MountPoint, message);
        if (Fusermount.Unmount(MountPoint, lazy: true, _options.Timeout) is { } lazyMessage && MountTable.Read().At(MountPoint) is not null)
            _logger.LogError("{Path}: cannot be unmounted: {Error}.", MountPoint, lazyMessage);
    }

    /// <summary>
    /// Breaks the connection: every call on the mount fails and the readers end. Where the control file system is not mounted, the
    /// readers are stopped and the connection breaks when the device is closed after them.
    /// </summary>
    private async Task AbortAsync()
    {
        _logger.LogWarning("{Path}: programs still use the mount; their calls fail now.", MountPoint);
        try
        {
            if (MinorNumber() is { } minor)
                await File.WriteAllTextAsync($"/sys/fs/fuse/connections/{minor}/abort", "1");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "{Path}: the connection cannot be aborted from outside.", MountPoint);
        }

        using var deadline = new CancellationTokenSource(AbortTimeout);
        using var timer = new PeriodicTimer(WakeInterval);
        try
        {
            do
            {
                _transport.StopReaders();
            }
            while (!_readersEnded.Task.IsCompleted && await timer.WaitForNextTickAsync(deadline.Token));
            await Completion.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException)
        {
            // A reader is held by the file system.
        }
    }

    /// <summary>Raises the kernel's read-ahead, found by device number: asking the mount for it could wait for ourselves.</summary>
    private void RaiseReadAhead()
    {
        if (_mounted is null || _options.ReadAheadKiB <= 0)
            return;
        try
        {
            File.WriteAllText($"/sys/class/bdi/{_mounted.Device}/read_ahead_kb", _options.ReadAheadKiB.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "{Path}: the kernel's read-ahead stays as it is.", MountPoint);
        }
    }

    private string? MinorNumber() => _mounted?.Device.Split(':') is [_, var minor] ? minor : null;
}
