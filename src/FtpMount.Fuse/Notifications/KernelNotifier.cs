using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Transport;
using FtpMount.Remote;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Notifications;

/// <summary>
/// Tells the kernel what it may no longer believe. The kernel takes directory and page locks while it handles a notification, and
/// holds the same locks while it waits for a reply; so one thread sends them all and does nothing else, and whoever reports a
/// change only puts it into a table. Reports of the same node or name that have not been sent yet become one.
/// </summary>
internal sealed class KernelNotifier : IVfsObserver
{
    /// <summary>Different nodes or names that may wait. Beyond it the kernel is told to ask again for every name, or, where it cannot be told so, keeps what it has until its time-out.</summary>
    private const int MaximumPending = 65536;

    private const uint ExpireOnly = 1;

    /// <summary>The first minor version with FUSE_NOTIFY_INC_EPOCH.</summary>
    private const uint IncEpochMinorVersion = 44;

    private readonly IFuseTransport _transport;
    private readonly FuseStatistics _statistics;
    private readonly ILogger _logger;
    private readonly object _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<NodeId, PendingRange> _nodes = [];
    private Dictionary<PendingEntry, NodeId> _entries = [];
    private bool _overflow;
    private bool _started;
    private bool _stopping;
    private bool _hasExpireOnly;
    private uint _kernelMinorVersion;

    public KernelNotifier(IFuseTransport transport, FuseStatistics statistics, ILogger logger)
    {
        _transport = transport;
        _statistics = statistics;
        _logger = logger;
    }

    /// <summary>Ends when the thread has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Starts the thread, once it is known what the kernel understands.</summary>
    public void Start(FuseInitFlags agreed, uint kernelMinorVersion)
    {
        _hasExpireOnly = agreed.HasFlag(FuseInitFlags.HasExpireOnly);
        _kernelMinorVersion = kernelMinorVersion;
        lock (_lock)
        {
            if (_stopping)
                return;
            _started = true;
        }

        new Thread(Run) { IsBackground = true, Name = "fuse-notify" }.Start();
    }

    /// <summary>Ends the thread; what has not been sent is dropped.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.Pulse(_lock);
            if (!_started)
                _ended.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public void InvalidateNode(NodeId node, long offset, long length)
    {
        var range = new PendingRange(offset, length);
        lock (_lock)
        {
            if (_nodes.TryGetValue(node, out var present))
                _nodes[node] = present.Cover(range);
            else if (HasRoom())
                _nodes.Add(node, range);
        }
    }

    /// <inheritdoc/>
    public void InvalidateEntry(NodeId parent, string name)
    {
        lock (_lock)
        {
            // A deletion that waits says more.
            if (HasRoom())
                _entries.TryAdd(new PendingEntry(parent, name), NodeId.None);
        }
    }

    /// <inheritdoc/>
    public void EntryDeleted(NodeId parent, NodeId child, string name)
    {
        lock (_lock)
        {
            var entry = new PendingEntry(parent, name);
            if (_entries.ContainsKey(entry) || HasRoom())
                _entries[entry] = child;
        }
    }

    /// <summary>Wakes the thread; false when no more can wait.</summary>
    private bool HasRoom()
    {
        if (_stopping)
            return false;
        Monitor.Pulse(_lock);
        if (_nodes.Count + _entries.Count < MaximumPending)
            return true;
        _overflow = true;
        return false;
    }

    private void Run()
    {
        Dictionary<NodeId, PendingRange> nodes = [];
        Dictionary<PendingEntry, NodeId> entries = [];
        try
        {
            while (true)
            {
                bool overflow;
                lock (_lock)
                {
                    while (!_stopping && _nodes.Count == 0 && _entries.Count == 0)
                        Monitor.Wait(_lock);
                    if (_stopping)
                        return;
                    (nodes, _nodes) = (_nodes, nodes);
                    (entries, _entries) = (_entries, entries);
                    (overflow, _overflow) = (_overflow, false);
                }

                foreach (var (node, range) in nodes)
                    Send(FuseNotifyCode.InvalInode, new FuseNotifyInvalInodeOut { Inode = node.Value, Offset = range.Offset, Length = range.Length }, []);
                foreach (var (entry, child) in entries)
                    SendEntry(entry, child);
                nodes.Clear();
                entries.Clear();
                if (overflow)
                    SendOverflow();
            }
        }
#pragma warning disable CA1031 // The end of this thread must be seen by whoever waits for it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.LogError(e, "Notifying the kernel failed; what it caches now stays until its time-out.");
        }
        finally
        {
            Stop();
            _ended.TrySetResult();
        }
    }

    private void SendEntry(PendingEntry entry, NodeId child)
    {
        if (!NameCodec.Utf8.TryEncode(entry.Name, out var name))
            return;
        if (child.IsNone)
        {
            var body = new FuseNotifyInvalEntryOut { Parent = entry.Parent.Value, NameLength = (uint)name.Length, Flags = _hasExpireOnly ? ExpireOnly : 0 };
            Send(FuseNotifyCode.InvalEntry, body, name);
        }
        else
        {
            var body = new FuseNotifyDeleteOut { Parent = entry.Parent.Value, Child = child.Value, NameLength = (uint)name.Length };
            Send(FuseNotifyCode.Delete, body, name);
        }
    }

    private void SendOverflow()
    {
        _logger.LogWarning("More than {Count} changes at a time: names are looked up again, attributes stay until their time-out.", MaximumPending);
        if (_kernelMinorVersion < IncEpochMinorVersion)
            return;
        Span<byte> frame = stackalloc byte[Unsafe.SizeOf<FuseOutHeader>()];
        MemoryMarshal.Write(frame, new FuseOutHeader { Length = (uint)frame.Length, Error = (int)FuseNotifyCode.IncEpoch });
        Send(frame, FuseNotifyCode.IncEpoch);
    }

    /// <summary>Sends a structure and, where there is one, the name with its NUL.</summary>
    private void Send<T>(FuseNotifyCode code, in T body, ReadOnlySpan<byte> name)
        where T : unmanaged
    {
        var headerLength = Unsafe.SizeOf<FuseOutHeader>();
        var length = headerLength + Unsafe.SizeOf<T>() + (name.IsEmpty ? 0 : name.Length + 1);
        var frame = length <= 1024 ? stackalloc byte[length] : new byte[length];
        MemoryMarshal.Write(frame, new FuseOutHeader { Length = (uint)length, Error = (int)code });
        MemoryMarshal.Write(frame[headerLength..], body);
        if (!name.IsEmpty)
        {
            name.CopyTo(frame[(headerLength + Unsafe.SizeOf<T>())..]);
            frame[^1] = 0;
        }

        Send(frame, code);
    }

    private void Send(ReadOnlySpan<byte> frame, FuseNotifyCode code)
    {
        var errno = _transport.Send(frame);
        _statistics.CountNotification();

        // ENOENT: the kernel does not hold this node or name. ENOTEMPTY, ENOTDIR, EBUSY, EISDIR: a deletion that the kernel could
        // not follow because the name is in use as something else; it has dropped the name all the same.
        if (errno is Errno.None or Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.ENOTEMPTY or Errno.ENOTDIR or Errno.EBUSY or Errno.EISDIR)
            return;
        _logger.LogDebug("The kernel refused the notification {Code}: {Error}.", code, errno);
    }
}
