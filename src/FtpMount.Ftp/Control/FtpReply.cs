using System.Buffers.Text;
using System.Text;
using FtpMount.Remote;

namespace FtpMount.Ftp.Control;

/// <summary>One whole reply (RFC 959 section 4.2): its code and its lines as the bytes that the server sent.</summary>
internal sealed class FtpReply
{
    private const int LongestText = 300;
    private readonly byte[] _bytes;

    /// <param name="code">The code of the first line.</param>
    /// <param name="bytes">All lines, as received, the line ends included.</param>
    public FtpReply(FtpReplyCode code, byte[] bytes)
    {
        Code = code;
        _bytes = bytes;
    }

    /// <summary>The code.</summary>
    public FtpReplyCode Code { get; }

    /// <summary>All lines, as received.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>What follows the code on the first line.</summary>
    public ReadOnlySpan<byte> FirstLine
    {
        get
        {
            var line = Line(_bytes);
            return line.Length > 4 ? line[4..] : default;
        }
    }

    /// <summary>The lines between the first and the last, without line ends; empty for a reply of one line.</summary>
    public LineEnumerator InnerLines => new(_bytes);

    /// <summary>The code and the last line that says something, on one line, safe to print.</summary>
    public string Text
    {
        get
        {
            ReadOnlySpan<byte> said = FirstLine;
            var rest = _bytes.AsSpan();
            while (!rest.IsEmpty)
            {
                var line = Line(rest);
                rest = rest[NextLine(rest)..];
                if (rest.IsEmpty && line.Length > 4 && said.Trim((byte)' ').IsEmpty)
                    said = line[4..];
            }

            return Printable(Code + " " + Encoding.UTF8.GetString(said[..Math.Min(said.Length, LongestText)]));
        }
    }

    /// <summary>Whether any line has this phrase, in any letter case (ASCII).</summary>
    public bool Mentions(ReadOnlySpan<byte> lowerCasePhrase)
    {
        for (var i = 0; i + lowerCasePhrase.Length <= _bytes.Length; i++)
        {
            if (Ascii.EqualsIgnoreCase(_bytes.AsSpan(i, lowerCasePhrase.Length), lowerCasePhrase))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Whether the server ends the session with it: 421, RFC 959 section 4.2. Pure-FTPd also says <c>421 3 matches total</c> after a whole listing whose data connection it accepted
    /// late, sometimes with further lines, and goes on. vsftpd ends with <c>500 OOPS: priv_sock_send_cmd</c> and the like when a process of the session has died: that says nothing of the
    /// command, which may have been carried out.
    /// </summary>
    public bool EndsSession => (Code == FtpReplyCode.ServiceNotAvailable && Matches is null) || (Code.Value == 500 && _bytes.AsSpan().StartsWith("500 OOPS:"u8));

    /// <summary>
    /// Whether vsftpd says with it that another process of this session has died (<c>500 OOPS: priv_sock_get_result</c>, <c>500 OOPS: child died</c>). Its other OOPS, as that of a root that is
    /// writable inside a chroot, are said at every login.
    /// </summary>
    public bool TellsOfDeadProcess => _bytes.AsSpan().StartsWith("500 OOPS: priv_sock_"u8) || _bytes.AsSpan().StartsWith("500 OOPS: child died"u8);

    /// <summary>How many lines Pure-FTPd says that a listing had (<c>226 3 matches total</c>), on whichever line; null when the reply does not say so.</summary>
    public int? Matches
    {
        get
        {
            for (var rest = _bytes.AsSpan(); !rest.IsEmpty; rest = rest[NextLine(rest)..])
            {
                ReadOnlySpan<byte> line = Line(rest);
                if (line.Length > 4 && line.TrimEnd(" .\0"u8).EndsWith("matches total"u8) && Utf8Parser.TryParse(line[4..], out int count, out _))
                    return count;
            }

            return null;
        }
    }

    /// <summary>Whether the last line ends with this phrase, a full stop aside, in any letter case (ASCII).</summary>
    public bool EndsWith(ReadOnlySpan<byte> lowerCasePhrase)
    {
        var text = _bytes.AsSpan().TrimEnd(" .\r\n\0"u8);
        return text.Length >= lowerCasePhrase.Length && Ascii.EqualsIgnoreCase(text[^lowerCasePhrase.Length..], lowerCasePhrase);
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>Replaces what must not reach a log or a terminal.</summary>
    internal static string Printable(string text) => PrintableText.From(text);

    private static int NextLine(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        return end < 0 ? bytes.Length : end + 1;
    }

    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> bytes) => bytes[..NextLine(bytes)].TrimEnd("\r\n"u8);

    /// <summary>Goes through the inner lines without allocating.</summary>
    public ref struct LineEnumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal LineEnumerator(ReadOnlySpan<byte> bytes)
        {
            _rest = bytes[NextLine(bytes)..];
            Current = default;
        }

        /// <summary>The line, without its end.</summary>
        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>For <c>foreach</c>.</summary>
        public readonly LineEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next line; false at the last line, which is not an inner one.</summary>
        public bool MoveNext()
        {
            var next = NextLine(_rest);
            if (next == _rest.Length)
                return false;
            Current = Line(_rest);
            _rest = _rest[next..];
            return true;
        }
    }
}
