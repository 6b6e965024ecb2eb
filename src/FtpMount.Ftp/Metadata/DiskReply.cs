using System.Globalization;
using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// The disk in the reply to SITE DF. There is no standard for it; understood is what names its numbers, in bytes: <c>213 total=4000787030016 used=1234567890 free=3999552462126 path=/</c>. A table in
/// the manner of df(1), whose unit nobody tells, is not.
/// </summary>
internal static class DiskReply
{
    /// <summary>Reads the reply.</summary>
    /// <returns>False when it does not say how much is free.</returns>
    public static bool TryParse(FtpReply reply, out RemoteSpace space)
    {
        space = default;
        if (!reply.Code.IsCompletion)
            return false;
        long? total = null;
        long? free = null;
        foreach (var word in Encoding.Latin1.GetString(reply.Bytes).Split([' ', '\t', '\r', '\n', ',', ';'], StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !long.TryParse(word.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
                continue;
            var name = word.AsSpan(0, equals);
            if (name.Equals("total", StringComparison.OrdinalIgnoreCase) || name.Equals("size", StringComparison.OrdinalIgnoreCase))
                total ??= bytes;
            else if (name.Equals("free", StringComparison.OrdinalIgnoreCase) || name.Equals("available", StringComparison.OrdinalIgnoreCase) || name.Equals("avail", StringComparison.OrdinalIgnoreCase))
                free ??= bytes;
        }

        if (free is not { } left || total < left)
            return false;
        space = new RemoteSpace(total, left);
        return true;
    }
}
