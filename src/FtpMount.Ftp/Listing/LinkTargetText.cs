using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>The targets of symbolic links in listings.</summary>
internal static class LinkTargetText
{
    /// <summary>The target as text; null when there is none, or one that readlink(2) cannot give (NUL, CR or LF in it).</summary>
    public static string? Decode(ReadOnlySpan<byte> target, NameCodec codec) =>
        target.IsEmpty || target.ContainsAny((byte)0, (byte)'\r', (byte)'\n') ? null : codec.Decode(target);
}
