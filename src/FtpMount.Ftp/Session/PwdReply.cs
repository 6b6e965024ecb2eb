using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// Finds the path in the reply to PWD or MKD: <c>257 "path" text</c> (RFC 959 appendix II), quotes within it doubled. Pure-FTPd does not double them, so
/// a quote ends the path only before a space or the end of the line.
/// </summary>
internal static class PwdReply
{
    /// <summary>The path; false when there is none, or none that begins with a slash.</summary>
    public static bool TryParse(FtpReply reply, NameCodec codec, out string path)
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
                    return path.StartsWith('/');
                }
            }

            bytes[length++] = text[i];
        }

        return false;
    }
}
