using System.Collections.Frozen;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// Which transfers go compressed: downloads and listings on data connections that are not encrypted. With <see cref="FtpCompression.On"/> all of these. With
/// <see cref="FtpCompression.Auto"/>, where the line gains (<see cref="CompressionGain"/>) and MODE costs no round trip of its own: listings, and downloads unless a small part is
/// wanted or the name says that the content is compressed already. Below a limit of rate, which counts content, there is nothing to gain.
/// <para>
/// Uploads are never compressed: until 2025 ProFTPD's mod_deflate lost bytes of them and said 226 all the same (proftpd/proftpd#1896). Nor is anything inside TLS: there mod_deflate
/// 1.3.8 sends bytes after the end of the stream, and the length of what is compressed tells who listens something of the content.
/// </para>
/// </summary>
internal static class CompressionChoice
{
    /// <summary>The least part of a file that is worth it.</summary>
    private const int LeastRange = 64 * 1024;

    private static readonly FrozenSet<string> CompressedExtensions = new[]
    {
        "7z", "aac", "apk", "avi", "avif", "br", "bz2", "cab", "crx", "deb", "docx", "epub", "flac", "flv", "gif", "gpg", "gz", "heic", "heif", "jar", "jpeg", "jpg", "jxl", "lz", "lz4", "lzma", "lzo", "m4a",
        "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "odp", "ods", "odt", "oga", "ogg", "ogv", "opus", "png", "pptx", "rar", "rpm", "snap", "squashfs", "tbz2", "tgz", "txz", "vsix", "webm", "webp", "whl", "wma",
        "wmv", "woff", "woff2", "xlsx", "xz", "zip", "zst",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>A listing.</summary>
    public static bool OfListing(FtpConnection connection) => Choose(connection) ?? true;

    /// <summary>A RETR.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="path">The file.</param>
    /// <param name="length">How many bytes are wanted; null for all.</param>
    public static bool OfDownload(FtpConnection connection, RemotePath path, long? length) =>
        Choose(connection) ?? (!(length < LeastRange) && !IsCompressed(path.Name));

    /// <summary>Whether the extension of a name is one of content that is compressed already.</summary>
    public static bool IsCompressed(string name) => CompressedExtensions.Contains(Path.GetExtension(name).TrimStart('.'));

    /// <returns>Null when it depends on the content.</returns>
    private static bool? Choose(FtpConnection connection)
    {
        var site = connection.Site;
        if (site.ModeZ != FtpSupport.Yes || connection.ProtectsData)
            return false;
        return site.Options.Compression switch
        {
            FtpCompression.Off => false,
            FtpCompression.On => true,
            _ => site.DownloadGain.IsWorthwhile && site.Limiter is null && site.Pipelining != FtpSupport.No && site.TransferPipelining != FtpSupport.No ? null : false,
        };
    }
}
