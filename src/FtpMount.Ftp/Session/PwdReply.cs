using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// Finds the path in the reply to PWD or MKD: <c>257 "path" text</c> (RFC 959 appendix II), quotes within it doubled. Pure-FTPd does not double them, so
/// a quote ends the path only before a space or the end of the line. A directory of OpenVMS is turned into the path that its servers take; what else does not begin with a
/// slash (a library of OS/400, a prefix of datasets of z/OS) is no path of this program, which then begins at the root.
/// </summary>
internal static class PwdReply
{
    /// <summary>The path; false when there is none, or none that begins with a slash.</summary>
    public static bool TryParse(FtpReply reply, NameCodec codec, out string path) => TryParseAny(reply, codec, out path) && path.StartsWith('/');

    /// <summary>The text in quotes, whatever it looks like.</summary>
    public static bool TryParseAny(FtpReply reply, NameCodec codec, out string path)
    {
        path = "";
        if (!reply.Code.IsCompletion)
            return false;
        var text = reply.FirstLine;
        var open = text.IndexOf((byte)'"');
        if (open < 0)
            return false;
        text = text[(open + 1)..];
        var bytes = new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'"')
            {
                if (i + 1 < text.Length && text[i + 1] == (byte)'"')
                {
                    i++;
                }
                else if (i + 1 == text.Length || text[i + 1] == (byte)' ')
                {
                    path = codec.Decode(bytes.AsSpan(0, length));
                    if (TryParseVms(path, out var vms))
                        path = vms;
                    return true;
                }
            }

            bytes[length++] = text[i];
        }

        return false;
    }

    /// <summary>
    /// <c>DISK$USER:[SMITH.TEXTS]</c> as the servers of OpenVMS take it in the manner of Unix: <c>/DISK$USER/SMITH/TEXTS</c>. <c>[000000]</c> is the top of the device.
    /// </summary>
    private static bool TryParseVms(string text, out string path)
    {
        path = "";
        var bracket = text.IndexOf(":[", StringComparison.Ordinal);
        if (bracket < 1 || text[^1] != ']' || text.AsSpan(0, bracket).ContainsAny('/', '[', ']'))
            return false;
        var directory = text[(bracket + 2)..^1];
        if (directory.Length == 0 || directory.AsSpan().ContainsAny('/', '[', ']'))
            return false;
        path = "/" + text[..bracket] + (directory == "000000" ? "" : "/" + directory.Replace('.', '/'));
        return true;
    }
}
