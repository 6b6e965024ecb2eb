using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>What the content cache and the staging files need of the local file system, and what its errors mean.</summary>
public static partial class LocalDisk
{
    private const int Enospc = 28;
    private const int Edquot = 122;
    private const int Einval = 22;
    private const int Enosys = 38;
    private const int Eopnotsupp = 95;
    private const int FallocKeepSize = 1;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>
    /// The most bytes of one write to a local file, 128 KiB. A file system with large folios (ext4 and XFS of recent kernels) takes memory for the page cache in pieces as
    /// large as the write, and pieces of 1 MiB were measured to come up to ten times slower (0.3 beside 3 GB/s), in virtual machines above all.
    /// </summary>
    internal const int WriteSize = 128 << 10;

    /// <summary>
    /// Whether a write failed because the local disk or the user's quota on it is full. .NET puts errno into
    /// <see cref="Exception.HResult"/> on Unix, and a Windows code where it reports the error itself.
    /// </summary>
    public static bool IsFull(Exception exception) =>
        exception is IOException { HResult: Enospc or Edquot or WindowsHandleDiskFull or WindowsDiskFull };

    /// <summary>A failure of the kind that <see cref="IsFull"/> understands.</summary>
    internal static IOException Full(string message) => new(message, Enospc);

    /// <summary>Makes a directory that only its owner may enter (0700), with its parents.</summary>
    internal static void CreatePrivateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        const UnixFileMode mode = OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(path, mode);
        if (File.GetUnixFileMode(path) != mode)
            File.SetUnixFileMode(path, mode);
    }

    /// <summary>Opens a file for reading and writing that only its owner may read (0600).</summary>
    internal static SafeFileHandle OpenPrivate(string path, FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
            options.UnixCreateMode = OwnerOnly;

        // The stream's handle outlives it: only a stream can be opened with a Unix mode.
        using var stream = new FileStream(path, options);
        var handle = stream.SafeFileHandle;
        var copy = new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: true);
        handle.SetHandleAsInvalid();
        return copy;
    }

    /// <summary>Writes a file that only its owner may read (0600), in one step: whoever opens it finds the old content or the new.</summary>
    /// <exception cref="IOException">The disk is full (<see cref="IsFull"/>) or failed; the old content is still there.</exception>
    internal static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var file = OpenPrivate(temporary, FileMode.Create))
            RandomAccess.Write(file, content, 0);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Deletes a file, if it can be.</summary>
    internal static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file that cannot be deleted is found, and not believed or deleted, at the next start.
        }
    }

    /// <summary>Reserves room for a range of a file without changing its length or content; does nothing where the file system cannot.</summary>
    /// <exception cref="IOException">The disk is full (<see cref="IsFull"/>) or failed.</exception>
    internal static void Reserve(SafeFileHandle handle, long offset, long length)
    {
        if (!OperatingSystem.IsLinux() || length <= 0)
            return;
        while (Fallocate(handle, FallocKeepSize, offset, length) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            const int eintr = 4;
            if (errno == eintr)
                continue;
            if (errno is Eopnotsupp or Enosys or Einval)
                return;
            throw new IOException($"Room for {length} bytes could not be reserved on the local disk: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
        }
    }

    /// <summary>Brings everything that was written to a file system to its disk (syncfs(2)): one wait for any number of files.</summary>
    /// <param name="directory">A directory on it.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    internal static void SyncFileSystem(string directory) => WithDirectory(directory, SyncFs);

    /// <summary>Brings what was written to a file, by whatever descriptor, to the disk.</summary>
    /// <exception cref="IOException">The disk failed, or there is no such file.</exception>
    internal static void FlushFile(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Brings the names in a directory to the disk.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    internal static void SyncDirectory(string directory) => WithDirectory(directory, Fsync);

    /// <summary>
    /// What tells a file from every copy of it: its inode number and the time it was made. Null where the system does not tell.
    /// </summary>
    internal static string? IdentityOf(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;

        // struct statx of linux/stat.h.
        const int atFdcwd = -100;
        const uint inode = 0x100;
        const uint birth = 0x800;
        Span<byte> buffer = stackalloc byte[256];
        buffer.Clear();
        if (Statx(atFdcwd, path, 0, inode | birth, buffer) != 0)
            return null;
        var number = MemoryMarshal.Read<ulong>(buffer[32..]);
        var seconds = MemoryMarshal.Read<long>(buffer[80..]);
        var nanoseconds = MemoryMarshal.Read<uint>(buffer[88..]);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{number}:{seconds}.{nanoseconds}");
    }

    private static void WithDirectory(string directory, Func<int, int> action)
    {
        if (!OperatingSystem.IsLinux())
            return;
        const int closeOnExec = 0x80000;
        var descriptor = Open(directory, closeOnExec);
        if (descriptor < 0 || action(descriptor) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (descriptor >= 0)
                _ = Close(descriptor);
            throw new IOException($"What was written to {directory} could not be brought to the disk: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
        }

        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> buffer);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);
}
