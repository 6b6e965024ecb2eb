using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Counts how far one drain is, and tells it: at the beginning, four times a second while something moves, and at the end. An event costs the same however many files there are.
/// </summary>
internal sealed class DrainCount : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly Dictionary<FileState, Share> _shares;
    private readonly IProgress<DrainProgress> _progress;
    private readonly ITimer _timer;
    private readonly long _bytes;
    private long _sent;
    private int _tried;
    private bool _hasMoved;
    private bool _hasEnded;

    /// <param name="nodes">What is to be sent.</param>
    /// <param name="progress">Who is told; called by one thread at a time.</param>
    /// <param name="time">The clock.</param>
    public DrainCount(Node[] nodes, IProgress<DrainProgress> progress, TimeProvider time)
    {
        _progress = progress;
        _shares = new Dictionary<FileState, Share>(nodes.Length);
        foreach (var node in nodes)
        {
            var file = node.File!;
            var size = file.Staging?.Length ?? 0;
            var share = new Share(size, Math.Min(file.BytesSent, size), WasTried: false);
            _shares.Add(file, share);
            _bytes += share.Size;
            _sent += share.Sent;
        }

        lock (_gate)
            Tell();
        _timer = time.CreateTimer(_ => TellIfMoved(), null, Interval, Interval);
    }

    private readonly record struct Share(long Size, long Sent, bool WasTried);

    /// <summary>More of a file was sent, or its sending ended.</summary>
    public void Moved(FileState file) => Count(file, hasEnded: false);

    /// <summary>A file was sent, or could not be.</summary>
    public void Tried(FileState file) => Count(file, hasEnded: true);

    /// <summary>Tells the last time.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _hasEnded = true;
            Tell();
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
    }

    private void Count(FileState file, bool hasEnded)
    {
        lock (_gate)
        {
            ref var share = ref CollectionsMarshal.GetValueRefOrNullRef(_shares, file);
            if (Unsafe.IsNullRef(ref share))
                return;
            if (hasEnded && !share.WasTried)
                _tried++;
            var wasTried = share.WasTried || hasEnded;
            var sent = wasTried && !file.IsDirty ? share.Size : Math.Min(file.BytesSent, share.Size);
            _sent += sent - share.Sent;
            share = new Share(share.Size, sent, wasTried);
            _hasMoved = true;
        }
    }

    private void TellIfMoved()
    {
        lock (_gate)
        {
            if (_hasMoved && !_hasEnded)
                Tell();
        }
    }

    private void Tell()
    {
        _hasMoved = false;
        _progress.Report(new DrainProgress(_shares.Count, _tried, _bytes, _sent));
    }
}
