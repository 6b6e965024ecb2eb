using System.Diagnostics;
using System.Text.Json;
using FtpMount.EndToEnd.Worker.Matrix;
using FtpMount.EndToEnd.Worker.Model;
using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Session;

/// <summary>
/// Serves requests one after the other until its input ends. The test program does all its input and output on mounts through such a
/// process, because a hung mount hangs whoever touches it: this process can then be killed, the test program could not.
/// </summary>
internal sealed class WorkerSession(TextReader input, TextWriter output)
{
    private const int ChunkSize = 1 << 20;

    private readonly byte[] _chunk = new byte[ChunkSize];

    /// <summary>Serves.</summary>
    public void Run()
    {
        while (input.ReadLine() is { } line)
        {
            WorkerRequest request = JsonSerializer.Deserialize<WorkerRequest>(line)!;
            long started = Stopwatch.GetTimestamp();
            WorkerReply reply;
            try
            {
                reply = Execute(request);
            }
            catch (CaseFailedException failure)
            {
                reply = new WorkerReply { Value = -1, Actual = failure.Actual, Text = failure.Message };
            }
            Send(reply with { Milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds });
        }
    }

    private WorkerReply Execute(WorkerRequest request)
    {
        FilePath path = FilePath.FromBytes(request.Path);
        FilePath other = FilePath.FromBytes(request.OtherPath);
        return request.Operation switch
        {
            "case" => RunCase(request.Name!, path, other),
            "model" => RunModel(request, path, other),
            "open" => Reply(SystemCall.Open(path, request.Flags, request.Mode)),
            "close" => Reply(SystemCall.Close(request.Descriptor)),
            "read" => ReadAt(request),
            "write" => WriteAt(request),
            "fsync" => Reply(SystemCall.Synchronize(request.Descriptor)),
            "truncate" => Reply(SystemCall.Truncate(path, request.Length)),
            "stat" => Stat(path),
            "list" => ListDirectory(path),
            "mkdir" => Reply(SystemCall.MakeDirectory(path)),
            "unlink" => Reply(SystemCall.Unlink(path)),
            "rmdir" => Reply(SystemCall.RemoveEmptyDirectory(path)),
            "rename" => Reply(SystemCall.Rename(path, other)),
            "read-file" => ReadFile(request, path),
            "write-file" => WriteFile(request, path),
            "churn" => Churn(request, path),
            "enter" => Enter(path),
            _ => throw new ArgumentException($"There is no operation {request.Operation}"),
        };
    }

    /// <summary>One case of the matrix in a new directory below <paramref name="path"/>.</summary>
    private static WorkerReply RunCase(string name, FilePath path, FilePath serverPath)
    {
        var directory = new CaseDirectory(path / name, serverPath / name);
        Check.Ok(SystemCall.MakeDirectory(directory.Path, CaseDirectory.Octal(755)));
        try
        {
            SystemCall.ChangeUmask(CaseDirectory.Octal(22));
            PosixMatrix.Cases[name](directory);
        }
        finally
        {
            CaseDirectory.RemoveAll(directory.Path);
        }
        return new WorkerReply();
    }

    private WorkerReply RunModel(WorkerRequest request, FilePath path, FilePath serverPath)
    {
        Check.Ok(SystemCall.MakeDirectory(path, CaseDirectory.Octal(755)));
        var options = new ModelRunOptions { Directory = path, ServerDirectory = serverPath, Seed = request.Seed, Operations = (int)request.Length };
        ModelRun.Execute(options, step =>
        {
            if (step % 100 == 1)
                Send(new WorkerReply { IsProgress = true, Value = step });
        });
        return new WorkerReply { Value = request.Length };
    }

    private static WorkerReply ReadAt(WorkerRequest request)
    {
        byte[] buffer = new byte[request.Length];
        Outcome outcome = SystemCall.ReadAt(request.Descriptor, buffer, request.Offset);
        return Reply(outcome) with { Text = outcome.Succeeded ? Difference(buffer.AsSpan(0, (int)outcome.Value), request.Offset, request.Seed) : null };
    }

    private static WorkerReply WriteAt(WorkerRequest request)
    {
        byte[] buffer = new byte[request.Length];
        PositionedContent.Fill(buffer, request.Offset, request.Seed);
        return Reply(SystemCall.WriteAt(request.Descriptor, buffer, request.Offset));
    }

    private static WorkerReply Stat(FilePath path)
    {
        Outcome outcome = SystemCall.Status(path, out FileStatus status);
        return Reply(outcome) with { Value = outcome.Succeeded ? status.Size : -1 };
    }

    private static WorkerReply ListDirectory(FilePath path)
    {
        Outcome opened = SystemCall.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        if (!opened.Succeeded)
            return Reply(opened);
        using var directory = new OpenFile((int)opened.Value);
        List<DirectoryEntry> entries = CaseDirectory.RestOf(directory);
        return new WorkerReply { Value = entries.Count, Text = string.Join('\n', entries.Where(entry => !entry.IsDot).Select(entry => entry.Name.ToString()).Order(StringComparer.Ordinal)) };
    }

    /// <summary>Reads a file to its end in pieces of 1 MiB and compares it with the content of the seed.</summary>
    private WorkerReply ReadFile(WorkerRequest request, FilePath path)
    {
        Outcome opened = SystemCall.Open(path, OpenFlags.ReadOnly);
        if (!opened.Succeeded)
            return Reply(opened);
        using var file = new OpenFile((int)opened.Value);
        long offset = 0;
        while (true)
        {
            Outcome outcome = SystemCall.Read(file.Descriptor, _chunk);
            if (!outcome.Succeeded)
                return new WorkerReply { Value = offset, Error = outcome.Error };
            if (outcome.Value == 0)
                return new WorkerReply { Value = offset };
            if (Difference(_chunk.AsSpan(0, (int)outcome.Value), offset, request.Seed) is { } difference)
                return new WorkerReply { Value = offset, Text = difference };
            offset += outcome.Value;
            Send(new WorkerReply { IsProgress = true, Value = offset });
        }
    }

    /// <summary>Makes a file of the content of the seed in pieces of 1 MiB; close(2) included.</summary>
    private WorkerReply WriteFile(WorkerRequest request, FilePath path)
    {
        Outcome opened = SystemCall.Open(path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate);
        if (!opened.Succeeded)
            return Reply(opened);
        using var file = new OpenFile((int)opened.Value);
        for (long offset = 0; offset < request.Length;)
        {
            Span<byte> piece = _chunk.AsSpan(0, (int)Math.Min(ChunkSize, request.Length - offset));
            PositionedContent.Fill(piece, offset, request.Seed);
            Outcome outcome = SystemCall.WriteAt(file.Descriptor, piece, offset);
            if (!outcome.Succeeded)
                return new WorkerReply { Value = offset, Error = outcome.Error };
            offset += outcome.Value;
            Send(new WorkerReply { IsProgress = true, Value = offset });
        }
        return Reply(file.Close());
    }

    /// <summary>Makes, reads, renames, lists and removes files of its own in a directory of its own, again and again.</summary>
    private WorkerReply Churn(WorkerRequest request, FilePath path)
    {
        var random = new Random(request.Seed);
        Check.Ok(SystemCall.MakeDirectory(path));
        for (int round = 0; round < request.Length; round++)
        {
            Send(new WorkerReply { IsProgress = true, Value = round });
            long length = random.Next(1, 600_000);
            int seed = random.Next();
            FilePath made = path / $"made {round}";
            FilePath kept = path / $"kept {round}";
            Expect(WriteFile(new WorkerRequest { Operation = "write-file", Length = length, Seed = seed }, made), 0, $"writing {made}");
            Expect(ReadFile(new WorkerRequest { Operation = "read-file", Seed = seed }, made), length, $"reading {made}");
            Check.Ok(SystemCall.Rename(made, kept));
            Expect(ReadFile(new WorkerRequest { Operation = "read-file", Seed = seed }, kept), length, $"reading {kept}");
            if (round > 0 && round % 2 == 0)
                Check.Ok(SystemCall.Unlink(path / $"kept {round - 1}"));
        }
        return new WorkerReply { Value = CaseDirectory.List(path).Count };
    }

    private static void Expect(WorkerReply reply, long value, string what)
    {
        if (reply.Error != Errno.None || reply.Text is not null || reply.Value != value)
            throw new CaseFailedException(reply.Error.ToString(), $"{what}: {value} expected, got {reply}");
    }

    private static WorkerReply Enter(FilePath path)
    {
        Environment.CurrentDirectory = path.ToString();
        return new WorkerReply();
    }

    private static string? Difference(ReadOnlySpan<byte> actual, long offset, int seed)
    {
        long difference = PositionedContent.FindDifference(actual, offset, seed);
        return difference < 0 ? null : $"wrong content at offset {difference}";
    }

    private static WorkerReply Reply(Outcome outcome) => new() { Value = outcome.Value, Error = outcome.Error };

    private void Send(WorkerReply reply)
    {
        output.WriteLine(JsonSerializer.Serialize(reply));
        output.Flush();
    }
}
