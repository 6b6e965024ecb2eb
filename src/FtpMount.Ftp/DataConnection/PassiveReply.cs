using System.Buffers.Text;
using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.DataConnection;

/// <summary>Finds the port in the replies to EPSV (RFC 2428 section 3) and PASV (RFC 959, RFC 1123 section 4.1.2.6). Addresses in them are never used.</summary>
internal static class PassiveReply
{
    private const int HighestPort = 65535;

    /// <summary>The port of <c>229 text (|||port|)</c>; any delimiter that is not a digit.</summary>
    public static bool TryParseExtended(FtpReply reply, out int port)
    {
        port = 0;
        if (!reply.Code.IsCompletion)
            return false;
        var text = reply.Bytes;
        var open = text.LastIndexOf((byte)'(');
        if (open < 0 || open + 4 >= text.Length)
            return false;
        text = text[(open + 1)..];
        var delimiter = text[0];
        if (char.IsAsciiDigit((char)delimiter))
            return false;

        // Protocol and address may be filled in by broken servers; only the third field counts.
        for (var field = 0; field < 3; field++)
        {
            var next = text.IndexOf(delimiter);
            if (next < 0)
                return false;
            text = text[(next + 1)..];
        }

        return Utf8Parser.TryParse(text, out port, out var consumed)
            && consumed < text.Length
            && text[consumed] == delimiter
            && port is > 0 and <= HighestPort;
    }

    /// <summary>The port of <c>227 text h1,h2,h3,h4,p1,p2</c>, wherever the six numbers stand.</summary>
    public static bool TryParseClassic(FtpReply reply, out int port)
    {
        port = 0;
        if (!reply.Code.IsCompletion)
            return false;
        for (var text = reply.FirstLine; !text.IsEmpty; text = SkipNumberOrByte(text))
        {
            if (!char.IsAsciiDigit((char)text[0]) || !TryParseSix(text, out port))
                continue;
            return port is > 0 and <= HighestPort;
        }

        return false;
    }

    private static ReadOnlySpan<byte> SkipNumberOrByte(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return digits < 0 ? default : text[Math.Max(1, digits)..];
    }

    private static bool TryParseSix(ReadOnlySpan<byte> text, out int port)
    {
        const int Numbers = 6;
        port = 0;
        for (var i = 0; i < Numbers; i++)
        {
            if (!Utf8Parser.TryParse(text, out byte number, out var consumed))
                return false;
            text = text[consumed..].TrimStart((byte)' ');
            if (i < Numbers - 1)
            {
                if (text.IsEmpty || text[0] != (byte)',')
                    return false;
                text = text[1..].TrimStart((byte)' ');
            }

            if (i >= Numbers - 2)
                port = (port << 8) | number;
        }

        return true;
    }
}
