using System.Globalization;
using System.Text;
using FtpMount.EndToEnd.Worker.Matrix;
using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Model;

/// <summary>
/// Random operations on a handful of files, each compared with what a model in memory says: reads and writes of any alignment, by
/// several descriptors at once, O_APPEND, truncation both ways, shared mappings, fsync, close, rename over and away, unlink, while all
/// of it is open. What fsync or the last close confirmed is compared with the server's disk as well. In the manner of fsx(8) and
/// fsstress(8). The same seed does the same things again.
/// </summary>
public sealed class ModelRun : IDisposable
{
    private const int MaximumDescriptors = 8;
    private const int MaximumMappings = 3;
    private const int PageSize = 4096;
    private const int LogLines = 80;
    private const int DontNeed = 4;
    private static readonly string[] Names = ["alpha", "beta", "gamma", "delta", "epsilon"];

    private readonly ModelRunOptions _options;
    private readonly Random _random;
    private readonly (int Weight, Func<bool> Operation)[] _operations;
    private readonly int _totalWeight;
    private readonly Dictionary<string, ModelFile> _names = [];
    private readonly List<ModelDescriptor> _descriptors = [];
    private readonly List<ModelMapping> _mappings = [];
    private readonly Queue<string> _log = new();
    private int _filesMade;
    private int _step;
    private bool _fallocateWorks = true;

    private ModelRun(ModelRunOptions options)
    {
        _options = options;
        _random = new Random(options.Seed);
        _operations =
        [
            (200, WriteAt), (60, WriteOn), (220, ReadAt), (60, ReadMapped), (60, WriteMapped), (40, Truncate), (15, TruncateByPath),
            (15, Synchronize), (60, OpenExisting), (12, OpenNew), (60, CloseOne), (4, CloseAll), (20, Rename), (8, Unlink),
            (50, CheckStatus), (40, DropPageCache), (20, SeekDataAndHole), (15, CopyRange), (10, Allocate), (10, Map), (10, Unmap),
            (30, UseMapping), (8, CheckListing),
        ];
        _totalWeight = _operations.Sum(operation => operation.Weight);
    }

    /// <summary>Runs it.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told the number of each operation before it begins.</param>
    /// <exception cref="CaseFailedException">Something differs from the model; the message has the seed and the last operations.</exception>
    public static void Execute(ModelRunOptions options, Action<int> progress)
    {
        using var run = new ModelRun(options);
        try
        {
            run.Execute(progress);
        }
        catch (CaseFailedException failure)
        {
            throw new CaseFailedException(
                failure.Actual,
                $"seed {options.Seed}, operation {run._step} of {options.Operations}: {failure.Message}\nThe last operations:\n{string.Join('\n', run._log)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ModelMapping mapping in _mappings)
            mapping.Mapped.Dispose();
        foreach (ModelDescriptor descriptor in _descriptors)
            descriptor.Opened.Dispose();
    }

    private void Execute(Action<int> progress)
    {
        for (_step = 1; _step <= _options.Operations; _step++)
        {
            progress(_step);
            while (!Choose()())
            {
                // It does not apply to the present state.
            }
        }
        Log("the end");
        CloseAll();
        foreach (ModelFile file in _names.Values)
        {
            CheckServer(file, "at the end");
            Check.Bytes(file.Content, CaseDirectory.Read(_options.Directory / file.Name!), $"{file} at the end");
        }
        new CaseDirectory(_options.Directory, _options.ServerDirectory).SoonOnServer([.. _names.Keys.Order(StringComparer.Ordinal)]);
    }

    private Func<bool> Choose()
    {
        int ticket = _random.Next(_totalWeight);
        foreach ((int weight, Func<bool> operation) in _operations)
        {
            ticket -= weight;
            if (ticket < 0)
                return operation;
        }
        throw new InvalidOperationException("The weights do not add up");
    }

    private bool WriteAt()
    {
        if (Pick(descriptor => descriptor.CanWrite) is not { } target)
            return false;
        int offset = SomeOffset(target.File, mayLengthen: true);
        byte[] data = SomeData(_options.MaximumSize - offset);
        if (target.Appends)
        {
            offset = target.File.Size;
            data = data[..Math.Min(data.Length, _options.MaximumSize - offset)];
        }
        Log($"pwrite fd {target.Number} ({target.File}) {data.Length} bytes at {offset}{(target.Appends ? " (append)" : "")}");
        for (int done = 0; done < data.Length;)
            done += (int)Check.Ok(SystemCall.WriteAt(target.Number, data.AsSpan(done), offset + done), "pwrite");
        target.File.Write(offset, data);
        return true;
    }

    private bool WriteOn()
    {
        if (Pick(descriptor => descriptor.CanWrite) is not { } target)
            return false;
        int offset = target.File.Size;
        if (!target.Appends)
        {
            offset = SomeOffset(target.File, mayLengthen: true);
            Check.Ok(SystemCall.Seek(target.Number, offset, SeekOrigin.Begin), "lseek");
        }
        byte[] data = SomeData(_options.MaximumSize - offset);
        Log($"write fd {target.Number} ({target.File}) {data.Length} bytes at {offset} in pieces");
        for (int done = 0; done < data.Length;)
        {
            int piece = Math.Min(data.Length - done, _random.Next(1, 16 * 1024));
            done += (int)Check.Ok(SystemCall.Write(target.Number, data.AsSpan(done, piece)), "write");
        }
        target.File.Write(offset, data);
        return true;
    }

    private bool ReadAt()
    {
        if (Pick(descriptor => descriptor.CanRead) is not { } source)
            return false;
        int offset = SomeOffset(source.File, mayLengthen: true);
        byte[] buffer = new byte[SomeLength(_options.MaximumSize)];
        Log($"pread fd {source.Number} ({source.File}) {buffer.Length} bytes at {offset}");
        int count = 0;
        while (count < buffer.Length)
        {
            int more = (int)Check.Ok(SystemCall.ReadAt(source.Number, buffer.AsSpan(count), offset + count), "pread");
            if (more == 0)
                break;
            count += more;
        }
        int available = Math.Clamp(source.File.Size - offset, 0, buffer.Length);
        Check.Bytes(available == 0 ? [] : source.File.Content.Slice(offset, available), buffer.AsSpan(0, count), $"read at {offset}");
        return true;
    }

    private bool ReadMapped()
    {
        if (Pick(descriptor => descriptor.CanRead && descriptor.File.Size > 0) is not { } source)
            return false;
        (int offset, int length) = SomePages(source.File);
        Log($"mmap and read fd {source.Number} ({source.File}) {length} bytes at {offset}");
        using MappedFile mapped = Map(source, offset, length, MappedFile.Readable);
        Check.Bytes(source.File.Content.Slice(offset, length), mapped.Bytes, $"the mapping at {offset}");
        return true;
    }

    private bool WriteMapped()
    {
        if (Pick(descriptor => descriptor.CanRead && descriptor.CanWrite && descriptor.File.Size > 0) is not { } target)
            return false;
        (int offset, int length) = SomePages(target.File);
        int from = _random.Next(length);
        byte[] data = SomeData(length - from);
        bool synchronize = _random.Next(2) == 0;
        Log($"mmap and write fd {target.Number} ({target.File}) {data.Length} bytes at {offset + from}{(synchronize ? ", msync" : "")}");
        using MappedFile mapped = Map(target, offset, length, MappedFile.Readable | MappedFile.Writable);
        data.CopyTo(mapped.Bytes[from..]);
        target.File.Write(offset + from, data);
        target.File.HasUnwrittenPages = true;
        if (synchronize)
            Check.Ok(mapped.Synchronize(), "msync");
        return true;
    }

    private bool Truncate()
    {
        if (Pick(descriptor => descriptor.CanWrite) is not { } target)
            return false;
        int size = SomeOffset(target.File, mayLengthen: true);
        Log($"ftruncate fd {target.Number} ({target.File}) to {size}");
        Check.Ok(SystemCall.TruncateDescriptor(target.Number, size), "ftruncate");
        target.File.Resize(size);
        return true;
    }

    private bool TruncateByPath()
    {
        if (PickNamed() is not { } file)
            return false;
        int size = SomeOffset(file, mayLengthen: true);
        Log($"truncate {file} to {size}");
        Check.Ok(SystemCall.Truncate(PathOf(file), size), "truncate");
        file.Resize(size);
        if (!IsBeingWritten(file))
            Confirm(file, "after truncate");
        return true;
    }

    private bool Synchronize()
    {
        if (Pick(_ => true) is not { } target)
            return false;
        bool dataOnly = _random.Next(4) == 0;
        Log($"{(dataOnly ? "fdatasync" : "fsync")} fd {target.Number} ({target.File})");
        Check.Ok(dataOnly ? SystemCall.SynchronizeData(target.Number) : SystemCall.Synchronize(target.Number), "fsync");
        target.File.HasUnwrittenPages = false;
        Confirm(target.File, "after fsync");
        return true;
    }

    private bool OpenExisting()
    {
        if (_descriptors.Count >= MaximumDescriptors || PickNamed() is not { } file)
            return false;
        int flags = _random.Next(8) switch
        {
            0 or 1 => OpenFlags.ReadOnly,
            2 => OpenFlags.WriteOnly,
            3 => OpenFlags.WriteOnly | OpenFlags.Append,
            4 => OpenFlags.ReadWrite | OpenFlags.Append,
            _ => OpenFlags.ReadWrite,
        };
        bool empty = (flags & 3) != OpenFlags.ReadOnly && _random.Next(10) == 0;
        Log($"open {file} 0x{flags:x}{(empty ? " O_TRUNC" : "")}");
        OpenFile opened = CaseDirectory.Open(PathOf(file), empty ? flags | OpenFlags.Truncate : flags);
        if (empty)
            file.Resize(0);
        _descriptors.Add(new ModelDescriptor(opened, file, flags));
        return true;
    }

    private bool OpenNew()
    {
        string name = Names[_random.Next(Names.Length)];
        if (_descriptors.Count >= MaximumDescriptors || _names.ContainsKey(name))
            return false;
        var file = new ModelFile(++_filesMade) { Name = name };
        Log($"create {file}");
        OpenFile opened = CaseDirectory.Open(_options.Directory / name, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive);
        _names.Add(name, file);
        _descriptors.Add(new ModelDescriptor(opened, file, OpenFlags.ReadWrite));
        return true;
    }

    private bool CloseOne()
    {
        if (Pick(_ => true) is not { } descriptor)
            return false;
        Close(descriptor);
        return true;
    }

    private bool CloseAll()
    {
        if (_step <= _options.Operations && _descriptors.Count == 0)
            return false;
        while (_mappings.Count > 0)
            Unmap();
        foreach (ModelDescriptor descriptor in _descriptors.ToArray())
            Close(descriptor);
        return true;
    }

    private void Close(ModelDescriptor descriptor)
    {
        Log($"close fd {descriptor.Number} ({descriptor.File})");
        _descriptors.Remove(descriptor);
        Check.Ok(descriptor.Opened.Close(), "close");
        descriptor.File.HasUnwrittenPages = false;
        if (descriptor.CanWrite && !IsBeingWritten(descriptor.File))
            Confirm(descriptor.File, "after the last close");
    }

    private bool Rename()
    {
        if (PickNamed() is not { } file)
            return false;
        string name = Names[_random.Next(Names.Length)];
        if (name == file.Name)
            return false;
        Log($"rename {file} to '{name}'{(_names.TryGetValue(name, out ModelFile? over) ? $" over {over}" : "")}");
        Check.Ok(SystemCall.Rename(PathOf(file), _options.Directory / name), "rename");
        if (over is not null)
            over.Name = null;
        _names.Remove(file.Name!);
        file.Name = name;
        _names[name] = file;
        CheckServer(file, "after rename");
        return true;
    }

    private bool Unlink()
    {
        if (PickNamed() is not { } file)
            return false;
        Log($"unlink {file}");
        Check.Ok(SystemCall.Unlink(PathOf(file)), "unlink");
        _names.Remove(file.Name!);
        file.Name = null;
        return true;
    }

    private bool CheckStatus()
    {
        if (_random.Next(2) == 0 && Pick(_ => true) is { } descriptor)
        {
            Log($"fstat fd {descriptor.Number} ({descriptor.File})");
            Check.Equal(descriptor.File.Size, CaseDirectory.Status(descriptor.Opened).Size, "st_size");
            return true;
        }
        if (PickNamed() is not { } file)
            return false;
        Log($"stat {file}");
        Check.Equal(file.Size, CaseDirectory.Status(PathOf(file)).Size, "st_size");
        return true;
    }

    private bool DropPageCache()
    {
        if (Pick(_ => true) is not { } target)
            return false;
        Log($"posix_fadvise fd {target.Number} ({target.File}) DONTNEED");
        Check.Ok(SystemCall.Advise(target.Number, 0, 0, DontNeed), "posix_fadvise");
        return true;
    }

    private bool SeekDataAndHole()
    {
        if (Pick(descriptor => descriptor.File is { Size: > 0, HasUnwrittenPages: false }) is not { } target)
            return false;
        int offset = _random.Next(target.File.Size);
        Log($"lseek SEEK_DATA and SEEK_HOLE fd {target.Number} ({target.File}) from {offset}");
        Outcome data = SystemCall.SeekData(target.Number, offset);
        if (data.Error != Errno.ENXIO)
            Check.Ok(data, "SEEK_DATA");
        int end = data.Succeeded ? (int)data.Value : target.File.Size;
        Check.That(target.File.Content[offset..end].IndexOfAnyExcept((byte)0) < 0, $"SEEK_DATA passed over data up to {end}", "SEEK_DATA");
        long hole = Check.Ok(SystemCall.SeekHole(target.Number, offset), "SEEK_HOLE");
        Check.That(hole >= offset && hole <= target.File.Size, $"SEEK_HOLE gave {hole}", "SEEK_HOLE");
        return true;
    }

    private bool CopyRange()
    {
        if (Pick(descriptor => descriptor.CanRead && descriptor.File.Size > 0) is not { } source
            || Pick(descriptor => descriptor.CanWrite && !descriptor.Appends && descriptor.File != source.File) is not { } target)
            return false;
        int from = _random.Next(source.File.Size);
        int to = SomeOffset(target.File, mayLengthen: true);
        int length = Math.Min(SomeLength(source.File.Size - from), _options.MaximumSize - to);
        if (length == 0)
            return false;
        Log($"copy_file_range fd {source.Number} ({source.File}) at {from} to fd {target.Number} ({target.File}) at {to}, {length} bytes");
        int done = 0;
        while (done < length)
        {
            int count = (int)Check.Ok(SystemCall.CopyRange(source.Number, from + done, target.Number, to + done, length - done), "copy_file_range");
            Check.That(count > 0, $"copy_file_range ended after {done} bytes", "copy_file_range");
            done += count;
        }
        target.File.Write(to, source.File.Content.Slice(from, length));
        return true;
    }

    private bool Allocate()
    {
        if (!_fallocateWorks || Pick(descriptor => descriptor.CanWrite) is not { } target)
            return false;
        int offset = SomeOffset(target.File, mayLengthen: true);
        int length = Math.Max(1, Math.Min(SomeLength(_options.MaximumSize), _options.MaximumSize - offset));
        Log($"fallocate fd {target.Number} ({target.File}) {length} bytes at {offset}");
        Outcome outcome = SystemCall.Allocate(target.Number, 0, offset, length);
        _fallocateWorks = outcome.Error != Errno.ENOTSUP;
        if (!_fallocateWorks)
            return true;
        Check.Ok(outcome, "fallocate");
        target.File.IsOnServer = false;
        if (offset + length > target.File.Size)
            target.File.Resize(offset + length);
        return true;
    }

    private bool Map()
    {
        if (_mappings.Count >= MaximumMappings || Pick(descriptor => descriptor.CanRead && descriptor.File.Size > 0) is not { } target)
            return false;
        (int offset, int length) = SomePages(target.File);
        Log($"mmap for long fd {target.Number} ({target.File}) {length} bytes at {offset}{(target.CanWrite ? " writable" : "")}");
        MappedFile mapped = Map(target, offset, length, target.CanWrite ? MappedFile.Readable | MappedFile.Writable : MappedFile.Readable);
        _mappings.Add(new ModelMapping(mapped, target.File, offset, target.CanWrite));
        return true;
    }

    private bool Unmap()
    {
        if (_mappings.Count == 0)
            return false;
        ModelMapping mapping = _mappings[_random.Next(_mappings.Count)];
        Log($"munmap {mapping.File} at {mapping.Offset}");
        _mappings.Remove(mapping);
        if (mapping.CanWrite && !mapping.File.IsOnServer)
            Check.Ok(mapping.Mapped.Synchronize(), "msync");
        mapping.Mapped.Dispose();
        return true;
    }

    private bool UseMapping()
    {
        if (_mappings.Count == 0)
            return false;
        ModelMapping mapping = _mappings[_random.Next(_mappings.Count)];
        int length = Math.Min(mapping.Mapped.Bytes.Length, mapping.File.Size - mapping.Offset); // behind the end waits SIGBUS
        if (length <= 0)
            return false;
        Log($"look through the mapping of {mapping.File} at {mapping.Offset}");
        Check.Bytes(mapping.File.Content.Slice(mapping.Offset, length), mapping.Mapped.Bytes[..length], $"the mapping at {mapping.Offset}");
        if (mapping.CanWrite && _random.Next(2) == 0)
        {
            int from = _random.Next(length);
            byte[] data = SomeData(length - from);
            Log($"write through the mapping of {mapping.File} {data.Length} bytes at {mapping.Offset + from}");
            data.CopyTo(mapping.Mapped.Bytes[from..]);
            mapping.File.Write(mapping.Offset + from, data);
            mapping.File.HasUnwrittenPages = true;
        }
        return true;
    }

    private bool CheckListing()
    {
        Log("list");
        string expected = string.Join(' ', _names.Keys.Order(StringComparer.Ordinal));
        Check.Equal(expected, string.Join(' ', CaseDirectory.List(_options.Directory)), $"the listing (on the server: {string.Join(' ', CaseDirectory.List(_options.ServerDirectory))})");
        return true;
    }

    /// <summary>Whether anything is open through which unconfirmed changes may still come.</summary>
    private bool IsBeingWritten(ModelFile file) =>
        _descriptors.Exists(descriptor => descriptor.File == file && descriptor.CanWrite)
        || _mappings.Exists(mapping => mapping.File == file && mapping.CanWrite);

    private void Confirm(ModelFile file, string when)
    {
        file.IsOnServer = true;
        CheckServer(file, when);
    }

    private void CheckServer(ModelFile file, string when)
    {
        if (!file.IsOnServer || file.Name is null)
            return;
        Outcome opened = SystemCall.Open(_options.ServerDirectory / file.Name, OpenFlags.ReadOnly);
        using var onServer = new OpenFile((int)Check.Ok(opened, $"open of {file} on the server {when}"));
        Check.Bytes(file.Content, CaseDirectory.ReadAll(onServer), $"{file} on the server {when}");
    }

    private static MappedFile Map(ModelDescriptor descriptor, int offset, int length, int protection)
    {
        Check.Ok(MappedFile.TryMap(descriptor.Number, length, protection, MappedFile.Shared, offset, out MappedFile? mapped), "mmap");
        return mapped!;
    }

    private FilePath PathOf(ModelFile file) => _options.Directory / file.Name!;

    private ModelDescriptor? Pick(Predicate<ModelDescriptor> suitable)
    {
        List<ModelDescriptor> candidates = _descriptors.FindAll(suitable);
        return candidates.Count == 0 ? null : candidates[_random.Next(candidates.Count)];
    }

    private ModelFile? PickNamed()
    {
        string[] names = [.. _names.Keys.Order(StringComparer.Ordinal)];
        return names.Length == 0 ? null : _names[names[_random.Next(names.Length)]];
    }

    /// <summary>Anywhere in the file, at its end, at a page's edge, or behind the end.</summary>
    private int SomeOffset(ModelFile file, bool mayLengthen)
    {
        int offset = _random.Next(10) switch
        {
            < 5 => _random.Next(file.Size + 1),
            < 7 => file.Size,
            < 9 => _random.Next(file.Size + 1) / PageSize * PageSize,
            _ => mayLengthen ? _random.Next(_options.MaximumSize) : file.Size,
        };
        return Math.Min(offset, _options.MaximumSize - 1);
    }

    /// <summary>Short ones as often as long ones: uniform in the logarithm.</summary>
    private int SomeLength(int most) => Math.Max(1, Math.Min(most, (int)Math.Pow(2, _random.NextDouble() * 17)));

    private byte[] SomeData(int most)
    {
        byte[] data = new byte[Math.Min(most, SomeLength(most))];
        _random.NextBytes(data);
        return data;
    }

    /// <summary>A range that a mapping may cover: from a page's edge to somewhere not behind the end of the file.</summary>
    private (int Offset, int Length) SomePages(ModelFile file)
    {
        int offset = _random.Next(file.Size) / PageSize * PageSize;
        return (offset, _random.Next(1, Math.Min(file.Size - offset, 128 * 1024) + 1));
    }

    private void Log(string line)
    {
        if (_log.Count == LogLines)
            _log.Dequeue();
        _log.Enqueue(new StringBuilder().Append(CultureInfo.InvariantCulture, $"#{_step} ").Append(line).ToString());
    }
}
