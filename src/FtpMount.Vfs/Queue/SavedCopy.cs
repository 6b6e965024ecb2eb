using System.Buffers;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Queue;

/// <summary>
/// A copy of content that is not on the server, written to a place that the user names. Of a file that was changed in places, whose other bytes are not to be had, the
/// changed ranges are at their offsets and the rest is zeros, and the copy says so in its name: nobody takes it for the whole.
/// </summary>
internal static class SavedCopy
{
    private const int Piece = 256 << 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the copy of one file of the queue to its path below a folder, and says what became of it.</summary>
    /// <param name="id">Its <see cref="PendingUpload.Id"/>.</param>
    /// <param name="path">Where it belongs on the server.</param>
    /// <param name="source">The local file.</param>
    /// <param name="ranges">As for <see cref="Write"/>.</param>
    /// <param name="directory">The folder, an absolute path.</param>
    /// <param name="root">The folder on the server that is mounted.</param>
    /// <param name="modified">As for <see cref="Write"/>.</param>
    public static QueueOutcome TryWrite(
        long id, RemotePath path, string source, Func<long, IReadOnlyList<ByteRange>> ranges, string directory, RemotePath root, DateTime? modified)
    {
        var outcome = new QueueOutcome(id, path);
        try
        {
            return outcome with { SavedAs = Write(source, ranges, LocalNames.Below(directory, path, root), modified) };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return outcome with { Error = e.Message };
        }
    }

    /// <summary>Writes it. What exists is never replaced.</summary>
    /// <param name="source">The local file.</param>
    /// <param name="ranges">Says, for its length, what of it counts, in order.</param>
    /// <param name="target">Where; its folder is made when it is missing.</param>
    /// <param name="modified">The time that it gets; null: that of the local file.</param>
    /// <returns>Where it is; another name than <paramref name="target"/> when it is not whole.</returns>
    /// <exception cref="IOException">The target exists, or a disk failed or is full; nothing is left at the target then.</exception>
    public static string Write(string source, Func<long, IReadOnlyList<ByteRange>> ranges, string target, DateTime? modified)
    {
        using var handle = File.OpenHandle(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(handle);
        var counting = ranges(length);
        if (counting.Sum(r => r.Length) != length)
            target += " (only what was changed)";
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(target, options))
        {
            try
            {
                Copy(handle, length, counting, file);
            }
            catch
            {
                LocalDisk.TryDelete(target);
                throw;
            }
        }

        File.SetLastWriteTimeUtc(target, modified ?? File.GetLastWriteTimeUtc(handle));
        return target;
    }

    private static void Copy(SafeFileHandle source, long length, IReadOnlyList<ByteRange> ranges, FileStream target)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Piece);
        try
        {
            target.SetLength(length);
            foreach (var range in ranges)
            {
                for (var position = range.Start; position < range.End;)
                {
                    var read = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(Piece, range.End - position)), position);
                    if (read == 0)
                        throw new IOException("It became shorter while it was copied");
                    RandomAccess.Write(target.SafeFileHandle, buffer.AsSpan(0, read), position);
                    position += read;
                }
            }

            target.Flush(flushToDisk: true);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
