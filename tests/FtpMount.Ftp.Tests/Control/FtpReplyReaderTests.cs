using System.Text;
using CsCheck;
using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp.Tests.Control;

public sealed class FtpReplyReaderTests
{
    private static readonly Gen<string> Text = Gen.Char[' ', '~'].Array[0, 20].Select(chars => new string(chars));

    private static readonly Gen<string> Single = Gen.Select(Gen.Int[100, 599], Text, (code, text) => $"{code} {text}\r\n");

    private static readonly Gen<string> Multi = Gen.Select(
        Gen.Int[100, 599],
        Text,
        Text.Array[0, 5],
        (code, text, inner) => $"{code}-{text}\r\n" + string.Concat(inner.Where(line => !line.StartsWith($"{code} ", StringComparison.Ordinal) && line != $"{code}").Select(line => line + "\r\n")) + $"{code} {text}\r\n");

    [Fact]
    public void Replies_come_out_whole_however_they_are_cut() =>
        Gen.Select(Gen.OneOf(Single, Multi).Array[1, 8], Gen.Int[1, 7].Array[1, 50]).Sample((replies, cuts) =>
        {
            var bytes = Encoding.Latin1.GetBytes(string.Concat(replies));
            var reader = new FtpReplyReader();
            var read = new List<string>();
            for (int position = 0, i = 0; position < bytes.Length; i++)
            {
                var count = Math.Min(cuts[i % cuts.Length], bytes.Length - position);
                bytes.AsSpan(position, count).CopyTo(reader.GetBuffer().Span);
                reader.Advance(count);
                position += count;
                while (reader.TryRead(out var reply))
                    read.Add(Encoding.Latin1.GetString(reply!.Bytes));
            }

            Assert.Equal(replies, read);
            Assert.False(reader.HasInput);
        });

    [Theory]
    [InlineData("220 ready\n", 220)]
    [InlineData("\r\n220 ready\r\n", 220)]
    [InlineData("220\r\n", 220)]
    [InlineData("226-a\r\n226\r\n", 226)]
    [InlineData("211-x\r\n 211 y\r\n211-z\r\n211 end\r\n", 211)]
    public void What_servers_do_is_tolerated(string text, int code)
    {
        Assert.Equal(code, Read(text)!.Code.Value);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("600 no such code\r\n")]
    [InlineData("22 x\r\n")]
    [InlineData("2200\r\n")]
    public void What_is_not_FTP_is_refused(string text)
    {
        var failure = Assert.Throws<RemoteException>(() => Read(text));
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.Contains("not an FTP server", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Fact]
    public void A_reply_without_end_is_bounded()
    {
        var reader = new FtpReplyReader();
        Feed(reader, "220-x\r\n");
        var line = new string('y', 1000) + "\r\n";
        var failure = Assert.Throws<RemoteException>(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Feed(reader, line);
                Assert.False(reader.TryRead(out _));
            }
        });
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
    }

    [Fact]
    public void Any_bytes_are_read_or_refused() =>
        Gen.Byte.Array[0, 2000].Sample(bytes =>
        {
            var reader = new FtpReplyReader();
            try
            {
                for (var position = 0; position < bytes.Length;)
                {
                    var buffer = reader.GetBuffer();
                    var count = Math.Min(buffer.Length, bytes.Length - position);
                    bytes.AsSpan(position, count).CopyTo(buffer.Span);
                    reader.Advance(count);
                    position += count;
                    while (reader.TryRead(out var reply))
                        Assert.DoesNotContain(reply!.Text, char.IsControl);
                }
            }
            catch (RemoteException e)
            {
                Assert.Equal(RemoteError.ProtocolViolation, e.Error);
            }
        });

    [Fact]
    public void Inner_lines_are_those_between_first_and_last()
    {
        var lines = new List<string>();
        foreach (var line in Read("250-begin\r\n type=file; a\r\n\r\n250 end\r\n")!.InnerLines)
            lines.Add(Encoding.ASCII.GetString(line));
        Assert.Equal([" type=file; a", ""], lines);
        foreach (var line in Read("250 end\r\n")!.InnerLines)
            Assert.Fail("A reply of one line has no inner lines.");
    }

    internal static FtpReply? Read(string text)
    {
        var reader = new FtpReplyReader();
        Feed(reader, text);
        reader.TryRead(out var reply);
        return reply;
    }

    private static void Feed(FtpReplyReader reader, string text)
    {
        foreach (var chunk in Encoding.Latin1.GetBytes(text).Chunk(512))
        {
            chunk.CopyTo(reader.GetBuffer());
            reader.Advance(chunk.Length);
        }
    }
}
