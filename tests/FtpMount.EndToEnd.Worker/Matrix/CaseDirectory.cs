using System.Text;
using FtpMount.EndToEnd.Worker.Posix;

namespace FtpMount.EndToEnd.Worker.Matrix;

/// <summary>
/// The empty directory that a case runs in, seen twice: as programs see it (<see cref="Path"/>) and on the disk of the server
/// (<see cref="ServerPath"/>). In a run against a local directory both are the same.
/// </summary>
/// <param name="path">As programs see it.</param>
/// <param name="serverPath">On the server's disk.</param>
public sealed class CaseDirectory(FilePath path, FilePath serverPath)
{
    /// <summary>The directory as programs see it.</summary>
    public FilePath Path { get; } = path;

    /// <summary>The directory on the server's disk.</summary>
    public FilePath ServerPath { get; } = serverPath;

    /// <summary>The path of an entry.</summary>
    public FilePath this[FilePath name] => Path / name;

    /// <summary>The permission bits that are written with these octal digits: <c>Octal(644)</c> is 0644.</summary>
    public static int Octal(int digits) => digits == 0 ? 0 : (Octal(digits / 10) * 8) + (digits % 10);

    /// <summary>Bytes that differ from offset to offset and from seed to seed.</summary>
    public static byte[] Pattern(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Opens; it must succeed.</summary>
    public static OpenFile Open(FilePath path, int flags, int mode = 0x1b6)
    {
        Outcome outcome = SystemCall.Open(path, flags, mode);
        return outcome.Succeeded
            ? new OpenFile((int)outcome.Value)
            : throw new CaseFailedException(outcome.Error.ToString(), $"open({path}, 0x{flags:x}): success expected, got {outcome}");
    }

    /// <summary>Makes or replaces a file and closes it.</summary>
    public FilePath Write(FilePath name, ReadOnlySpan<byte> content, int mode = 0x1a4)
    {
        FilePath path = this[name];
        using OpenFile file = Open(path, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate, mode);
        WriteAll(file, content);
        Check.Ok(file.Close());
        return path;
    }

    /// <summary>Makes or replaces a text file and closes it.</summary>
    public FilePath Write(FilePath name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    /// <summary>Makes a directory.</summary>
    public FilePath MakeDirectory(FilePath name, int mode = 0x1ed)
    {
        FilePath path = this[name];
        Outcome outcome = SystemCall.MakeDirectory(path, mode);
        return outcome.Succeeded ? path : throw new CaseFailedException(outcome.Error.ToString(), $"mkdir({path}): success expected, got {outcome}");
    }

    /// <summary>Opens for appending to what is written, in a loop, as write(2) asks for.</summary>
    public static void WriteAll(OpenFile file, ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
            content = content[(int)Check.Ok(SystemCall.Write(file.Descriptor, content))..];
    }

    /// <summary>Writes all of it at an offset.</summary>
    public static void WriteAllAt(OpenFile file, ReadOnlySpan<byte> content, long offset)
    {
        while (!content.IsEmpty)
        {
            int written = (int)Check.Ok(SystemCall.WriteAt(file.Descriptor, content, offset));
            content = content[written..];
            offset += written;
        }
    }

    /// <summary>The whole content by the path.</summary>
    public static byte[] Read(FilePath path)
    {
        using OpenFile file = Open(path, OpenFlags.ReadOnly);
        return ReadAll(file);
    }

    /// <summary>The whole content by an open descriptor, whatever its position.</summary>
    public static byte[] ReadAll(OpenFile file)
    {
        var content = new MemoryStream();
        byte[] buffer = new byte[128 * 1024];
        while (true)
        {
            int count = (int)Check.Ok(SystemCall.ReadAt(file.Descriptor, buffer, content.Length));
            if (count == 0)
                return content.ToArray();
            content.Write(buffer, 0, count);
        }
    }

    /// <summary>The file's content on the server's disk; null when it is not there.</summary>
    public byte[]? OnServer(FilePath name)
    {
        Outcome outcome = SystemCall.Open(ServerPath / name, OpenFlags.ReadOnly);
        if (outcome.Error == Errno.ENOENT)
            return null;
        using var file = new OpenFile((int)Check.Ok(outcome));
        return ReadAll(file);
    }

    /// <summary>The names in the directory on the server's disk, without the two dots.</summary>
    public List<string> NamesOnServer() => List(ServerPath);

    /// <summary>
    /// The names on the server's disk must soon be these. Not at once: the kernel tells a file system of the last close of a file
    /// (RELEASE) only after close(2) has returned, and what was unlinked or replaced while it was open is removed then.
    /// </summary>
    public void SoonOnServer(params string[] names)
    {
        string expected = string.Join(' ', names);
        long end = Environment.TickCount64 + 10_000;
        while (string.Join(' ', NamesOnServer()) != expected && Environment.TickCount64 < end)
            Thread.Sleep(10);
        Check.Equal(expected, string.Join(' ', NamesOnServer()), "the names on the server");
    }

    /// <summary>The names in a directory as programs see it, without the two dots, as text, in ordinal order.</summary>
    public static List<string> List(FilePath directory) =>
        [.. Entries(directory).Where(entry => !entry.IsDot).Select(entry => entry.Name.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>The entries of a directory, with the two dots, as the kernel gives them.</summary>
    public static List<DirectoryEntry> Entries(FilePath directory, int bufferSize = 32 * 1024)
    {
        using OpenFile opened = Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory);
        return RestOf(opened, bufferSize);
    }

    /// <summary>The entries from the descriptor's position on.</summary>
    public static List<DirectoryEntry> RestOf(OpenFile directory, int bufferSize = 32 * 1024)
    {
        var entries = new List<DirectoryEntry>();
        while (Check.Ok(SystemCall.ReadDirectory(directory.Descriptor, bufferSize, entries)) > 0)
        {
            // until the end
        }
        return entries;
    }

    /// <summary>stat(2); it must succeed.</summary>
    public static FileStatus Status(FilePath path)
    {
        Check.Ok(SystemCall.Status(path, out FileStatus status));
        return status;
    }

    /// <summary>fstat(2); it must succeed.</summary>
    public static FileStatus Status(OpenFile file)
    {
        Check.Ok(SystemCall.StatusOf(file.Descriptor, out FileStatus status));
        return status;
    }

    /// <summary>Whether stat(2) finds the name.</summary>
    public static bool Exists(FilePath path)
    {
        Outcome outcome = SystemCall.Status(path, out _, follow: false);
        return outcome.Succeeded || (outcome.Error == Errno.ENOENT ? false : throw new CaseFailedException(outcome.Error.ToString(), $"lstat({path}): {outcome}"));
    }

    /// <summary>Removes a directory with all that is in it; what cannot be removed stays.</summary>
    public static void RemoveAll(FilePath directory)
    {
        Outcome opened = SystemCall.Open(directory, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow);
        if (opened.Succeeded)
        {
            using var file = new OpenFile((int)opened.Value);
            var entries = new List<DirectoryEntry>();
            while (SystemCall.ReadDirectory(file.Descriptor, 32 * 1024, entries).Value > 0)
            {
                // until the end
            }
            foreach (DirectoryEntry entry in entries.Where(entry => !entry.IsDot))
            {
                if (!SystemCall.Unlink(directory / entry.Name).Succeeded)
                    RemoveAll(directory / entry.Name);
            }
        }
        SystemCall.RemoveEmptyDirectory(directory);
    }
}
