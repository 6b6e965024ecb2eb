using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The second level of the content cache: one sparse file per content, within a hard budget; whole files go, those first that were not used for longest.
/// </summary>
/// <remarks>
/// What arrives is written behind by a thread of its own. When it cannot keep up, or the disk is full, content is not stored: a reader is never slowed down by the
/// disk. Nothing here is needed for anything but speed, so every error of the disk ends in the server being asked.
/// </remarks>
internal sealed partial class DiskCache : IDisposable
{
    /// <summary>The name of the mark that says that moved files do not say so themselves yet.</summary>
    private const string RenamingMark = "renaming";

    /// <summary>How many processes may use one directory at the same time, each its own part.</summary>
    private const int Slots = 16;

    private readonly string _site;
    private readonly long _budget;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DiskWrite _write;
    private readonly Func<RemotePath, bool>? _isPinned;
    private readonly Lock _gate = new();
    private readonly LinkedList<DiskFile> _idle = new();
    private readonly FileStream? _slotLock;
    private long _total;
    private int _files;
    private string _directory = "";

    /// <summary>Opens the directory, and finds what an earlier run left in it.</summary>
    /// <param name="directory">Where; made when missing.</param>
    /// <param name="budget">The most bytes.</param>
    /// <param name="site">Whose content this is: the server and user.</param>
    /// <param name="maximumQueued">How many blocks may wait to be written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where trouble is told.</param>
    /// <param name="write">Writes to a file; replaced in tests.</param>
    /// <param name="isPinned">Whether the content of a path never makes room for others.</param>
    public DiskCache(
        string directory, long budget, string site, int maximumQueued, TimeProvider time, ILogger logger, DiskWrite? write = null, Func<RemotePath, bool>? isPinned = null)
    {
        _isPinned = isPinned;
        _site = site;
        _budget = budget;
        _time = time;
        _logger = logger;
        _maximumQueued = maximumQueued;
        _write = write ?? RandomAccess.Write;
        Found = [];
        try
        {
            _slotLock = TakeSlot(directory);
            if (_slotLock is null)
                return;
            Load();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("The cache directory {Directory} cannot be used, nothing is cached on disk: {Reason}", directory, e.Message);
            _slotLock?.Dispose();
            _slotLock = null;
            return;
        }

        _worker = new Thread(WriteBehind) { IsBackground = true, Name = "content to disk" };
        _worker.Start();
    }

    /// <summary>Whether anything can be stored.</summary>
    public bool IsUsable => _slotLock is not null;

    /// <summary>What an earlier run left of this site.</summary>
    public List<DiskFile> Found { get; }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _total;
        }
    }

    /// <summary>Files on disk.</summary>
    public int Files
    {
        get
        {
            lock (_gate)
                return _files;
        }
    }

    /// <summary>Bytes that were not stored.</summary>
    public long BytesNotStored => Interlocked.Read(ref _notStored);

    /// <summary>Notes that a file is in use; false when it is gone.</summary>
    public bool Enter(DiskFile file)
    {
        lock (_gate)
        {
            if (file.IsRemoved)
                return false;
            if (file.IdleNode is { } node)
            {
                _idle.Remove(node);
                file.IdleNode = null;
            }

            file.Users++;
        }

        file.Pin();
        return true;
    }

    /// <summary>Notes that one no longer uses it.</summary>
    public void Exit(DiskFile file)
    {
        lock (_gate)
        {
            if (--file.Users == 0 && !file.IsRemoved && !IsPinned(file))
                file.IdleNode = _idle.AddLast(file);
        }

        file.Unpin();
    }

    /// <summary>What is pinned is not what it was: which of these files may make room for others is decided anew.</summary>
    public void PinsChanged(IEnumerable<DiskFile> files)
    {
        lock (_gate)
        {
            foreach (var file in files)
            {
                if (file.IsRemoved || file.Users > 0)
                    continue;
                if (!IsPinned(file))
                {
                    file.IdleNode ??= _idle.AddLast(file);
                }
                else if (file.IdleNode is { } node)
                {
                    _idle.Remove(node);
                    file.IdleNode = null;
                }
            }
        }
    }

    /// <summary>Removes a file; nothing is read from it any more.</summary>
    public void Drop(DiskFile file)
    {
        lock (_gate)
            RemoveLocked(file);
        file.Owner?.LoseDisk(file);
        file.Unlink();
    }

    /// <summary>Takes over a complete local file as the content of a path. Null when there is no room.</summary>
    public DiskFile? Adopt(RemotePath path, FileVersion version, string localFile)
    {
        var trailer = new DiskFileTrailer(_site, path, version, new RangeSet());
        trailer.Present.Add(0, version.Size);
        var bytes = trailer.ToBytes();
        var file = new DiskFile(NewFilePath(path), path, version) { Present = trailer.Present };
        Add(file);
        if (!TryReserve(file, DiskFile.RoundUp(version.Size)) || !TryReserve(file, DiskFile.RoundUp(bytes.Length), isTrailer: true))
        {
            Drop(file);
            Exit(file);
            return null;
        }

        try
        {
            File.Move(localFile, file.FilePath);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file.FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var handle = file.Open()!;
            RandomAccess.SetLength(handle, file.TrailerOffset);
            _write(handle, bytes, file.TrailerOffset);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug("{Path} was not taken into the disk cache: {Reason}", path, e.Message);
            Drop(file);
            Exit(file);
            return null;
        }
    }

    /// <summary>Writes what is queued and the maps of what is in use, and lets go of the directory.</summary>
    public void Dispose()
    {
        lock (_queueGate)
        {
            if (_closing)
                return;
            _closing = true;
            Monitor.Pulse(_queueGate);
        }

        _worker?.Join();
        _slotLock?.Dispose();
    }

    private bool IsPinned(DiskFile file) => _isPinned?.Invoke(file.Owner?.Path ?? file.Path) == true;

    /// <summary>Takes a part of the directory that no other process uses.</summary>
    private FileStream? TakeSlot(string directory)
    {
        LocalDisk.CreatePrivateDirectory(directory);
        for (var slot = 0; slot < Slots; slot++)
        {
            var candidate = Path.Combine(directory, slot.ToString(CultureInfo.InvariantCulture));
            LocalDisk.CreatePrivateDirectory(candidate);
            try
            {
                var held = new FileStream(Path.Combine(candidate, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
                _directory = candidate;
                return held;
            }
            catch (IOException)
            {
                // Another process has it.
            }
        }

        _logger.LogWarning("The cache directory {Directory} is used by {Count} processes already, nothing is cached on disk.", directory, Slots);
        return null;
    }

    private void Load()
    {
        var mark = Path.Combine(_directory, RenamingMark);
        var discardAll = File.Exists(mark);
        foreach (var local in Directory.GetDirectories(_directory).SelectMany(Directory.GetFiles).OrderBy(File.GetLastWriteTimeUtc))
        {
            if (discardAll || !TryLoad(local))
                LocalDisk.TryDelete(local);
        }

        if (discardAll)
            LocalDisk.TryDelete(mark);
        Evict(0);
    }

    private bool TryLoad(string local)
    {
        try
        {
            using var handle = File.OpenHandle(local, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!DiskFileTrailer.TryRead(handle, out var trailer, out var length))
                return false;
            var file = new DiskFile(local, trailer.Path, trailer.Version) { Present = trailer.Present, AccountedTrailer = DiskFile.RoundUp(length) };
            for (var i = 0; i < trailer.Present.Count; i++)
                file.Accounted += DiskFile.RoundUp(trailer.Present[i].Length);
            file.Accounted += file.AccountedTrailer;
            _total += file.Accounted;
            _files++;
            if (trailer.Site != _site || !IsPinned(file))
                file.IdleNode = _idle.AddLast(file);
            if (trailer.Site == _site)
                Found.Add(file);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Two names never meet: content of one path may be replaced while the old is still read.</summary>
    private string NewFilePath(RemotePath path)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(_site + "\0" + path.Value)).AsSpan(0, 16));
        return Path.Combine(_directory, hash[..2], $"{hash}.{Random.Shared.Next():x8}");
    }

    /// <summary>Counts a new file, used by the caller.</summary>
    private void Add(DiskFile file)
    {
        LocalDisk.CreatePrivateDirectory(Path.GetDirectoryName(file.FilePath)!);
        lock (_gate)
        {
            file.Users = 1;
            _files++;
        }

        file.Pin();
    }

    private void RemoveLocked(DiskFile file)
    {
        if (file.IsRemoved)
            return;
        file.IsRemoved = true;
        if (file.IdleNode is { } node)
            _idle.Remove(node);
        file.IdleNode = null;
        _total -= file.Accounted;
        _files--;
    }

    /// <summary>Counts bytes for a file, for which others may have to go. False when there is no room for them.</summary>
    private bool TryReserve(DiskFile file, long bytes, bool isTrailer = false)
    {
        if (bytes > _budget || !Evict(bytes))
            return false;
        lock (_gate)
        {
            if (file.IsRemoved || _total + bytes > _budget)
                return false;
            _total += bytes;
            file.Accounted += bytes;
            if (isTrailer)
                file.AccountedTrailer += bytes;
            return true;
        }
    }

    private void GiveBack(DiskFile file, long bytes)
    {
        lock (_gate)
        {
            if (file.IsRemoved)
                return;
            _total -= bytes;
            file.Accounted -= bytes;
        }
    }

    /// <summary>Removes what was not used for longest until so many bytes fit in; false when they do not even so.</summary>
    private bool Evict(long bytes)
    {
        while (true)
        {
            DiskFile victim;
            lock (_gate)
            {
                if (_total + bytes <= _budget)
                    return true;
                if (_idle.First is not { } first)
                    return false;
                victim = first.Value;
                RemoveLocked(victim);
            }

            victim.Owner?.LoseDisk(victim);
            victim.Unlink();
        }
    }
}
