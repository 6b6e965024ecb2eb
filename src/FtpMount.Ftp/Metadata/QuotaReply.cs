using System.Globalization;
using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// What is used and allowed, in the reply to XQUOTA (lines <c>Disk usage: 1532</c> and <c>Disk limit: 1048576</c>) and to the SITE QUOTA of ProFTPD's mod_quotatab
/// (<c>Uploaded Kb: 12.50/1024.00</c>; the unit is the administrator's choice).
/// </summary>
internal static class QuotaReply
{
    /// <summary>Reads the reply.</summary>
    /// <returns>False when it names no limit of bytes.</returns>
    public static bool TryParse(FtpReply reply, out RemoteSpace space)
    {
        space = default;
        if (!reply.Code.IsCompletion)
            return false;
        double? used = null;
        double? limit = null;
        foreach (var bytes in reply.InnerLines)
        {
            var line = Encoding.Latin1.GetString(bytes);
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            var words = line[..colon].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var value = line[(colon + 1)..].Trim();
            if (words is [.., var disk, var what] && disk.EndsWith("disk", StringComparison.OrdinalIgnoreCase))
            {
                if (what.Equals("usage", StringComparison.OrdinalIgnoreCase))
                    used = Number(value) ?? used;
                else if (what.Equals("limit", StringComparison.OrdinalIgnoreCase))
                    limit = Number(value) ?? limit;
            }
            else if (words is [.., "Uploaded" or "Transferred", var unit] && UnitOf(unit) is { } size && value.Split('/') is [var tally, var allowed])
            {
                // Whichever of the two limits leaves less.
                if (Number(tally) is { } now && Number(allowed) is { } most && !(limit - used <= (most - now) * size))
                    (used, limit) = (now * size, most * size);
            }
        }

        if (limit is not { } total || total < 0 || total > long.MaxValue)
            return false;
        space = new RemoteSpace((long)total, (long)Math.Max(0, total - Math.Max(0, used ?? 0)));
        return true;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>The units of QuotaDisplayUnits.</summary>
    private static double? UnitOf(string unit) => unit.ToUpperInvariant() switch
    {
        "BYTES" or "B" => 1,
        "KB" => 1024,
        "MB" => 1024 * 1024,
        "GB" => 1024 * 1024 * 1024,
        _ => null,
    };
}
