using System.Globalization;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>
/// Writes the dialogue of control connections, one line for each line of it: seconds since the start, the number of the session, the direction. Arguments of PASS and ACCT
/// are left out when they are sent, and wherever a server repeats them.
/// </summary>
internal sealed class FtpTranscript
{
    private const string Removed = "***";

    private readonly TextWriter _writer;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly byte[][] _secrets;
    private readonly Lock _gate = new();

    public FtpTranscript(TextWriter writer, FtpOptions options, TimeProvider time)
    {
        _writer = writer;
        _time = time;
        _start = time.GetTimestamp();
        var codec = options.Encoding is { } encoding ? new NameCodec(encoding) : NameCodec.Utf8;
        _secrets = [.. new[] { options.Password, options.Account }.Where(secret => !string.IsNullOrEmpty(secret)).Select(secret => codec.Encode(secret!))];
    }

    /// <summary>A command was sent.</summary>
    public void WriteCommand(int session, in FtpCommand command) =>
        Write(session, '>', command.Verb is "PASS" or "ACCT" or "USER" ? command.ToString() : Clean(System.Text.Encoding.UTF8.GetBytes(command.ToString())));

    /// <summary>A reply came.</summary>
    public void WriteReply(int session, FtpReply reply)
    {
        var rest = reply.Bytes.TrimEnd("\r\n"u8);
        while (true)
        {
            var end = rest.IndexOf((byte)'\n');
            var line = (end < 0 ? rest : rest[..end]).TrimEnd((byte)'\r');
            Write(session, '<', Clean(line));
            if (end < 0)
                return;
            rest = rest[(end + 1)..];
        }
    }

    /// <summary>Something about the session that is no command and no reply.</summary>
    public void WriteNote(int session, string note) => Write(session, '*', note);

    private void Write(int session, char direction, string text)
    {
        lock (_gate)
            _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetElapsedTime(_start).TotalSeconds,8:0.000} [{session}] {direction} {text}"));
    }

    /// <summary>Safe to print, without the secrets. One that could stand in a word by chance is removed only where it stands alone.</summary>
    private string Clean(ReadOnlySpan<byte> line)
    {
        const int ShortestAnywhere = 4;
        var bytes = line.ToArray();
        foreach (var secret in _secrets)
        {
            for (var at = 0; bytes.AsSpan(at).IndexOf(secret) is var found and >= 0;)
            {
                var start = at + found;
                var end = start + secret.Length;
                if (secret.Length < ShortestAnywhere && (IsLetter(bytes, start - 1) || IsLetter(bytes, end)))
                {
                    at = start + 1;
                    continue;
                }

                bytes = [.. bytes.AsSpan(0, start), .. System.Text.Encoding.ASCII.GetBytes(Removed), .. bytes.AsSpan(end)];
                at = start + Removed.Length;
            }
        }

        return FtpReply.Printable(System.Text.Encoding.UTF8.GetString(bytes));
    }

    private static bool IsLetter(byte[] bytes, int index) => index >= 0 && index < bytes.Length && char.IsAsciiLetterOrDigit((char)bytes[index]);
}
