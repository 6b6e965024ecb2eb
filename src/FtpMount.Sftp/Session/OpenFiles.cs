using FtpMount.Remote;

namespace FtpMount.Sftp.Session;

/// <summary>
/// Handles that nobody reads from just now but may again: each costs a round trip to open, which is half of a small random read. Also remembers which stores have just been
/// seen whole, so that publishing them need not look again.
/// </summary>
/// <remarks>A kept handle stands for the file that it was opened as. Whoever takes it compares it with what the path stands for now.</remarks>
internal sealed class OpenFiles : IAsyncDisposable
{
    /// <summary>Few enough for any server's limit on open files.</summary>
    private const int Most = 32;

    private const int MostStored = 256;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private readonly SftpSite _site;
    private readonly Lock _gate = new();
    private readonly List<(RemotePath Path, KeptFile File, long Since)> _idle = [];
    private readonly Dictionary<RemotePath, long> _stored = [];
    private readonly ITimer _timer;

    public OpenFiles(SftpSite site)
    {
        _site = site;
        _timer = site.Time.CreateTimer(static state => ((OpenFiles)state!).CloseOld(), this, Lifetime, Lifetime);
    }

    /// <summary>A handle that reads the file which this path stood for; null when there is none.</summary>
    public KeptFile? Take(RemotePath path)
    {
        lock (_gate)
        {
            for (var i = _idle.Count - 1; i >= 0; i--)
            {
                if (_idle[i].Path != path)
                    continue;
                var file = _idle[i].File;
                _idle.RemoveAt(i);
                if (file.Handle.Connection.IsAlive)
                    return file;
                file.Handle.Close();
            }

            return null;
        }
    }

    /// <summary>Keeps a handle for the next reader.</summary>
    public void Keep(RemotePath path, KeptFile file)
    {
        SftpFileHandle? oldest = null;
        lock (_gate)
        {
            _idle.Add((path, file, _site.Time.GetTimestamp()));
            if (_idle.Count > Most)
            {
                oldest = _idle[0].File.Handle;
                _idle.RemoveAt(0);
            }
        }

        oldest?.Close();
    }

    /// <summary>The path, or a directory above, stands or will stand for something else: the handles are closed.</summary>
    public void Forget(RemotePath path)
    {
        List<SftpFileHandle>? closed = null;
        lock (_gate)
        {
            for (var i = _idle.Count - 1; i >= 0; i--)
            {
                if (!_idle[i].Path.IsAtOrBelow(path))
                    continue;
                (closed ??= []).Add(_idle[i].File.Handle);
                _idle.RemoveAt(i);
            }
        }

        foreach (var handle in closed ?? [])
            handle.Close();
    }

    /// <summary>The server has told the length of a file that was stored, after its last byte.</summary>
    public void NoteStored(RemotePath path, long length)
    {
        lock (_gate)
        {
            if (_stored.Count >= MostStored)
                _stored.Clear();
            _stored[path] = length;
        }
    }

    /// <summary>Whether the server has told this length of the file just now. True once.</summary>
    public bool TakeStored(RemotePath path, long length)
    {
        lock (_gate)
            return _stored.Remove(path, out var stored) && stored == length;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void CloseOld()
    {
        List<SftpFileHandle>? old = null;
        lock (_gate)
        {
            while (_idle.Count > 0 && _site.Time.GetElapsedTime(_idle[0].Since) >= Lifetime)
            {
                (old ??= []).Add(_idle[0].File.Handle);
                _idle.RemoveAt(0);
            }
        }

        foreach (var handle in old ?? [])
            handle.Close();
    }
}
