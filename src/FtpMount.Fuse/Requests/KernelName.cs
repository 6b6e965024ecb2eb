using FtpMount.Fuse.Kernel;
using FtpMount.Remote;

namespace FtpMount.Fuse.Requests;

/// <summary>Names as the kernel sends them: bytes that end with NUL.</summary>
internal static class KernelName
{
    /// <summary>NAME_MAX of Linux, in bytes.</summary>
    public const int MaximumLength = 255;

    /// <summary>Enough chars for any name of <see cref="MaximumLength"/> bytes.</summary>
    public const int MaximumChars = 512;

    /// <summary>Takes a NUL-terminated string off the front of <paramref name="body"/>; false when there is no NUL.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> body, out ReadOnlySpan<byte> text)
    {
        var end = body.IndexOf((byte)0);
        if (end < 0)
        {
            text = default;
            return false;
        }

        text = body[..end];
        body = body[(end + 1)..];
        return true;
    }

    /// <summary>Takes the name of a directory entry and checks it: EINVAL when it can be none, ENAMETOOLONG when it is too long.</summary>
    public static Errno TryTakeEntry(ref ReadOnlySpan<byte> body, out ReadOnlySpan<byte> name)
    {
        if (!TryTake(ref body, out name) || name.IsEmpty || name.Contains((byte)'/') || name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
            return Errno.EINVAL;
        return name.Length > MaximumLength ? Errno.ENAMETOOLONG : Errno.None;
    }

    /// <summary>As <see cref="TryTakeEntry(ref ReadOnlySpan{byte}, out ReadOnlySpan{byte})"/>, as a string.</summary>
    public static Errno TryTakeEntry(ref ReadOnlySpan<byte> body, out string name)
    {
        var errno = TryTakeEntry(ref body, out ReadOnlySpan<byte> bytes);
        name = errno == Errno.None ? NameCodec.Utf8.Decode(bytes) : "";
        return errno;
    }
}
