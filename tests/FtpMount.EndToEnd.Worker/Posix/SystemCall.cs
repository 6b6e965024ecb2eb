using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>
/// The system calls of the matrix, straight from libc, so that flags go in and errno comes out exactly: .NET's file classes open with
/// flags of their own, lock, retry and translate errors. Every call is in section 2 of the manual under its own name.
/// </summary>
public static unsafe partial class SystemCall
{
    /// <summary>AT_FDCWD.</summary>
    public const int CurrentDirectory = -100;

    /// <summary>AT_REMOVEDIR.</summary>
    public const int RemoveDirectory = 0x200;

    /// <summary>AT_SYMLINK_NOFOLLOW.</summary>
    public const int NoFollow = 0x100;

    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7ff;

    public static Outcome Open(FilePath path, int flags, int mode = 0x1b6)
    {
        fixed (byte* p = path.Terminated)
            return Result(open(p, flags | OpenFlags.CloseOnExec, mode));
    }

    public static Outcome OpenAt(int directory, FilePath path, int flags, int mode = 0x1b6)
    {
        fixed (byte* p = path.Terminated)
            return Result(openat(directory, p, flags | OpenFlags.CloseOnExec, mode));
    }

    public static Outcome Close(int descriptor) => Result(close(descriptor));

    public static Outcome Dup(int descriptor) => Result(dup(descriptor));

    public static Outcome Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return Result(read(descriptor, p, (nuint)buffer.Length));
    }

    public static Outcome ReadAt(int descriptor, Span<byte> buffer, long offset)
    {
        fixed (byte* p = buffer)
            return Result(pread(descriptor, p, (nuint)buffer.Length, offset));
    }

    public static Outcome Write(int descriptor, ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data)
            return Result(write(descriptor, p, (nuint)data.Length));
    }

    public static Outcome WriteAt(int descriptor, ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* p = data)
            return Result(pwrite(descriptor, p, (nuint)data.Length, offset));
    }

    public static Outcome Seek(int descriptor, long offset, SeekOrigin origin) => Result(lseek(descriptor, offset, (int)origin));

    public static Outcome SeekData(int descriptor, long offset) => Result(lseek(descriptor, offset, 3));

    public static Outcome SeekHole(int descriptor, long offset) => Result(lseek(descriptor, offset, 4));

    public static Outcome Truncate(FilePath path, long length)
    {
        fixed (byte* p = path.Terminated)
            return Result(truncate(p, length));
    }

    public static Outcome TruncateDescriptor(int descriptor, long length) => Result(ftruncate(descriptor, length));

    public static Outcome Allocate(int descriptor, int mode, long offset, long length) => Result(fallocate(descriptor, mode, offset, length));

    public static Outcome Advise(int descriptor, long offset, long length, int advice)
    {
        int error = posix_fadvise(descriptor, offset, length, advice); // returns errno instead of setting it
        return new Outcome(error == 0 ? 0 : -1, (Errno)error);
    }

    public static Outcome Synchronize(int descriptor) => Result(fsync(descriptor));

    public static Outcome SynchronizeData(int descriptor) => Result(fdatasync(descriptor));

    public static Outcome SynchronizeFileSystem(int descriptor) => Result(syncfs(descriptor));

    public static Outcome CopyRange(int source, long sourceOffset, int target, long targetOffset, long length) =>
        Result(copy_file_range(source, &sourceOffset, target, &targetOffset, (nuint)length, 0));

    public static Outcome Status(FilePath path, out FileStatus status, bool follow = true)
    {
        fixed (byte* p = path.Terminated)
        fixed (FileStatus* s = &status)
            return Result(statx(CurrentDirectory, p, follow ? 0 : NoFollow, BasicStatus, s));
    }

    public static Outcome StatusOf(int descriptor, out FileStatus status)
    {
        byte nothing = 0;
        fixed (FileStatus* s = &status)
            return Result(statx(descriptor, &nothing, EmptyPath, BasicStatus, s));
    }

    public static Outcome FileSystem(FilePath path, out FileSystemStatus status)
    {
        fixed (byte* p = path.Terminated)
        fixed (FileSystemStatus* s = &status)
            return Result(statvfs(p, s));
    }

    public static Outcome Access(FilePath path, int mode)
    {
        fixed (byte* p = path.Terminated)
            return Result(access(p, mode));
    }

    public static Outcome MakeDirectory(FilePath path, int mode = 0x1ff)
    {
        fixed (byte* p = path.Terminated)
            return Result(mkdir(p, mode));
    }

    public static Outcome RemoveEmptyDirectory(FilePath path)
    {
        fixed (byte* p = path.Terminated)
            return Result(rmdir(p));
    }

    public static Outcome Unlink(FilePath path)
    {
        fixed (byte* p = path.Terminated)
            return Result(unlink(p));
    }

    public static Outcome UnlinkAt(int directory, FilePath path, int flags)
    {
        fixed (byte* p = path.Terminated)
            return Result(unlinkat(directory, p, flags));
    }

    public static Outcome Rename(FilePath from, FilePath to)
    {
        fixed (byte* f = from.Terminated)
        fixed (byte* t = to.Terminated)
            return Result(rename(f, t));
    }

    public static Outcome Rename(FilePath from, FilePath to, RenameFlags flags)
    {
        fixed (byte* f = from.Terminated)
        fixed (byte* t = to.Terminated)
            return Result(renameat2(CurrentDirectory, f, CurrentDirectory, t, (uint)flags));
    }

    public static Outcome Link(FilePath from, FilePath to)
    {
        fixed (byte* f = from.Terminated)
        fixed (byte* t = to.Terminated)
            return Result(link(f, t));
    }

    public static Outcome Symlink(FilePath target, FilePath path)
    {
        fixed (byte* t = target.Terminated)
        fixed (byte* p = path.Terminated)
            return Result(symlink(t, p));
    }

    public static Outcome ReadLink(FilePath path, Span<byte> buffer)
    {
        fixed (byte* p = path.Terminated)
        fixed (byte* b = buffer)
            return Result(readlink(p, b, (nuint)buffer.Length));
    }

    public static Outcome MakeNode(FilePath path, int mode, ulong device)
    {
        fixed (byte* p = path.Terminated)
            return Result(mknod(p, mode, device));
    }

    public static Outcome ChangeMode(FilePath path, int mode)
    {
        fixed (byte* p = path.Terminated)
            return Result(chmod(p, mode));
    }

    public static Outcome ChangeModeOf(int descriptor, int mode) => Result(fchmod(descriptor, mode));

    public static Outcome ChangeOwner(FilePath path, uint user, uint group)
    {
        fixed (byte* p = path.Terminated)
            return Result(lchown(p, user, group));
    }

    public static Outcome ChangeTimes(FilePath path, TimeSpecification accessed, TimeSpecification modified)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { accessed, modified };
        fixed (byte* p = path.Terminated)
            return Result(utimensat(CurrentDirectory, p, times, 0));
    }

    public static Outcome ChangeTimesOf(int descriptor, TimeSpecification accessed, TimeSpecification modified)
    {
        TimeSpecification* times = stackalloc TimeSpecification[] { accessed, modified };
        return Result(futimens(descriptor, times));
    }

    public static int ChangeUmask(int mask) => umask(mask);

    public static uint EffectiveUser => geteuid();

    public static Outcome LockWhole(int descriptor, int operation) => Result(flock(descriptor, operation));

    /// <summary>fcntl(2) with a lock: F_OFD_GETLK 36, F_OFD_SETLK 37, F_SETLK 6.</summary>
    public static Outcome LockRange(int descriptor, int command, ref RecordLock range)
    {
        fixed (RecordLock* r = &range)
            return Result(fcntl(descriptor, command, (nint)r));
    }

    public static Outcome SetStatusFlags(int descriptor, int flags) => Result(fcntl(descriptor, 4, flags));

    public static Outcome SetAttribute(FilePath path, FilePath name, ReadOnlySpan<byte> value)
    {
        fixed (byte* p = path.Terminated)
        fixed (byte* n = name.Terminated)
        fixed (byte* v = value)
            return Result(setxattr(p, n, v, (nuint)value.Length, 0));
    }

    public static Outcome GetAttribute(FilePath path, FilePath name, Span<byte> value)
    {
        fixed (byte* p = path.Terminated)
        fixed (byte* n = name.Terminated)
        fixed (byte* v = value)
            return Result(getxattr(p, n, v, (nuint)value.Length));
    }

    public static Outcome ListAttributes(FilePath path, Span<byte> names)
    {
        fixed (byte* p = path.Terminated)
        fixed (byte* n = names)
            return Result(listxattr(p, n, (nuint)names.Length));
    }

    /// <summary>getdents64(2): the records that fit into a buffer of <paramref name="bufferSize"/> bytes; value 0 is the end.</summary>
    public static Outcome ReadDirectory(int descriptor, int bufferSize, List<DirectoryEntry> entries)
    {
        byte[] buffer = new byte[bufferSize];
        Outcome outcome;
        fixed (byte* p = buffer)
            outcome = Result(getdents64(descriptor, p, (nuint)buffer.Length));
        for (int at = 0; outcome.Succeeded && at < outcome.Value;)
        {
            ReadOnlySpan<byte> record = buffer.AsSpan(at);
            ulong inode = BitConverter.ToUInt64(record);
            long next = BitConverter.ToInt64(record[8..]);
            ushort length = BitConverter.ToUInt16(record[16..]);
            ReadOnlySpan<byte> name = record[19..length];
            entries.Add(new DirectoryEntry(FilePath.FromBytes(name[..name.IndexOf((byte)0)]), inode, record[18], next));
            at += length;
        }
        return outcome;
    }

    /// <summary>mmap(2): PROT_READ 1, PROT_WRITE 2; MAP_SHARED 1, MAP_PRIVATE 2. The value is the address.</summary>
    public static Outcome Map(int descriptor, long length, int protection, int flags, long offset) =>
        Result((long)mmap(null, (nuint)length, protection, flags, descriptor, offset));

    /// <summary>msync(2) with MS_SYNC.</summary>
    public static Outcome SynchronizeMap(long address, long length) => Result(msync((void*)address, (nuint)length, 4));

    public static Outcome Unmap(long address, long length) => Result(munmap((void*)address, (nuint)length));

    private static Outcome Result(long value) => value == -1 ? new Outcome(-1, (Errno)Marshal.GetLastPInvokeError()) : new Outcome(value, Errno.None);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int open(byte* path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int openat(int directory, byte* path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(int descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pwrite(int descriptor, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int descriptor, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int truncate(byte* path, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(int descriptor, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(int descriptor, int mode, long offset, long length);

    [LibraryImport("libc")]
    private static partial int posix_fadvise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint copy_file_range(int source, long* sourceOffset, int target, long* targetOffset, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int statvfs(byte* path, FileSystemStatus* status);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int access(byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mkdir(byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rmdir(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlink(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlinkat(int directory, byte* path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int rename(byte* from, byte* to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int renameat2(int fromDirectory, byte* from, int toDirectory, byte* to, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int link(byte* from, byte* to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int symlink(byte* target, byte* path);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint readlink(byte* path, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mknod(byte* path, int mode, ulong device);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int chmod(byte* path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int descriptor, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int lchown(byte* path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int utimensat(int directory, byte* path, TimeSpecification* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int futimens(int descriptor, TimeSpecification* times);

    [LibraryImport("libc")]
    private static partial int umask(int mask);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(int descriptor, int operation);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint listxattr(byte* path, byte* names, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getdents64(int descriptor, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial void* mmap(void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int msync(void* address, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}
