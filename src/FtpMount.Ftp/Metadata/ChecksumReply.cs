using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>The checksum in the replies to HASH and its older relatives.</summary>
internal static class ChecksumReply
{
    /// <summary>
    /// <c>213 SHA-256 0-49 6ba71e5c... name</c> (draft-bryan-ftp-hash section 3.1); FileZilla Server leaves the name out. The algorithm must be the one that was asked for.
    /// </summary>
    public static bool TryParseHash(FtpReply reply, ChecksumAlgorithm algorithm, out byte[] value)
    {
        value = [];
        if (!reply.Code.IsCompletion)
            return false;
        var words = LastLine(reply).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length >= 3
            && Same(words[0], algorithm)
            && words[1].StartsWith("0-", StringComparison.Ordinal)
            && TryParseHex(words[2], algorithm, out value);
    }

    /// <summary>
    /// <c>250 363A3020</c>, <c>250 XCRC 363A3020</c>, <c>251 name B1946AC9...</c> (draft-twine-ftpmd5): the last word that has the length of such a checksum. CRCs may lack
    /// their leading zeroes.
    /// </summary>
    public static bool TryParse(FtpReply reply, ChecksumAlgorithm algorithm, out byte[] value)
    {
        value = [];
        if (!reply.Code.IsCompletion)
            return false;
        var words = LastLine(reply).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 && TryParseHex(words[^1].TrimEnd('.'), algorithm, out value);
    }

    /// <summary>The length of a checksum, in bytes.</summary>
    public static int LengthOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha256 => 32,
        ChecksumAlgorithm.Sha1 => 20,
        ChecksumAlgorithm.Md5 => 16,
        _ => 4,
    };

    private static bool TryParseHex(string word, ChecksumAlgorithm algorithm, out byte[] value)
    {
        value = [];
        var digits = LengthOf(algorithm) * 2;
        if (algorithm == ChecksumAlgorithm.Crc32)
        {
            if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
                word = word[2..];
            word = word.PadLeft(digits, '0');
        }

        if (word.Length != digits || !word.All(char.IsAsciiHexDigit))
            return false;
        value = Convert.FromHexString(word);
        return true;
    }

    private static bool Same(string name, ChecksumAlgorithm algorithm) =>
        name.Replace("-", "", StringComparison.Ordinal).Equals(algorithm.ToString(), StringComparison.OrdinalIgnoreCase);

    private static string LastLine(FtpReply reply)
    {
        var text = reply.Bytes.TrimEnd("\r\n"u8);
        var line = text[(text.LastIndexOf((byte)'\n') + 1)..];
        return line.Length > 4 ? Encoding.Latin1.GetString(line[4..]) : "";
    }
}
