using CsCheck;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.DataConnection;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp.Tests.Control;

public sealed class ReplyTextTests
{
    [Theory]
    [InlineData("229 Entering Extended Passive Mode (|||6446|)\r\n", 6446)]
    [InlineData("229 Extended Passive mode OK (!!!65535!).\r\n", 65535)]
    [InlineData("229 (nonsense) ok (|1|10.0.0.1|80|)\r\n", 80)]
    [InlineData("229 ok (|||0|)\r\n", null)]
    [InlineData("229 ok (|||65536|)\r\n", null)]
    [InlineData("229 ok (|||-5|)\r\n", null)]
    [InlineData("229 ok (|||12\r\n", null)]
    [InlineData("229 ok (1112131)\r\n", null)]
    [InlineData("229 ok\r\n", null)]
    [InlineData("500 EPSV not understood (|||80|)\r\n", null)]
    public void The_port_of_EPSV(string text, int? port)
    {
        Assert.Equal(port is not null, PassiveReply.TryParseExtended(FtpReplyReaderTests.Read(text)!, out var parsed));
        if (port is not null)
            Assert.Equal(port, parsed);
    }

    [Theory]
    [InlineData("421 Timeout.\r\n", true)]
    [InlineData("421 3 matches total\r\n", false)]
    [InlineData("500 OOPS: priv_sock_send_cmd\r\n", true)]
    [InlineData("500 OOPS\r\n", false)]
    [InlineData("550 OOPS: not here\r\n", false)]
    public void A_reply_that_ends_the_session_says_nothing_of_the_command(string text, bool ends)
    {
        var reply = FtpReplyReaderTests.Read(text)!;
        Assert.Equal(ends, reply.EndsSession);
        if (ends)
            Assert.Equal(RemoteError.Offline, FtpErrorMapping.Classify(reply));
    }

    [Theory]
    [InlineData("421 Too busy\r\n", RemoteError.Offline)]
    [InlineData("500 OOPS: priv_sock_get_result\r\n", RemoteError.Offline)]
    [InlineData("500 OOPS: child died\r\n", RemoteError.Offline)]
    [InlineData("500 OOPS: vsftpd: refusing to run with writable root inside chroot()\r\n", RemoteError.AuthenticationFailed)]
    [InlineData("530 Login incorrect.\r\n", RemoteError.AuthenticationFailed)]
    public void A_login_that_fails_for_now_is_tried_again(string text, RemoteError error) =>
        Assert.Equal(error, FtpErrorMapping.LoginRefused(FtpReplyReaderTests.Read(text)!, "server", "user").Error);

    [Theory]
    [InlineData("227 Entering Passive Mode (127,0,0,1,54,198).\r\n", (54 << 8) | 198)]
    [InlineData("227 Entering Passive Mode 10,0,0,1,1,2\r\n", 258)]
    [InlineData("227 =10, 0, 0, 1, 1, 2\r\n", 258)]
    [InlineData("227 Server 7 says (10,0,0,1,0,21)\r\n", 21)]
    [InlineData("227 (10,0,0,1,256,1)\r\n", null)]
    [InlineData("227 (10,0,0,1,0,0)\r\n", null)]
    [InlineData("227 (10,0,0,1,5)\r\n", null)]
    [InlineData("425 no (10,0,0,1,1,2)\r\n", null)]
    public void The_port_of_PASV(string text, int? port)
    {
        Assert.Equal(port is not null, PassiveReply.TryParseClassic(FtpReplyReaderTests.Read(text)!, out var parsed));
        if (port is not null)
            Assert.Equal(port, parsed);
    }

    [Fact]
    public void Passive_replies_of_any_text_do_no_harm() =>
        Gen.Char[' ', '~'].Array[0, 40].Sample(chars =>
        {
            var reply = FtpReplyReaderTests.Read("227 " + new string(chars) + "\r\n")!;
            if (PassiveReply.TryParseClassic(reply, out var port) || PassiveReply.TryParseExtended(reply, out port))
                Assert.InRange(port, 1, 65535);
        });

    [Theory]
    [InlineData("257 \"/\" is the current directory\r\n", "/")]
    [InlineData("257 \"/a\"\"b\" is the current directory\r\n", "/a\"b")]
    [InlineData("257 \"/a\"b\" is your current location\r\n", "/a\"b")]
    [InlineData("257 \"/home/user\"\r\n", "/home/user")]
    [InlineData("257 \"C:\\\" is\r\n", null)]
    [InlineData("257 /x is current\r\n", null)]
    [InlineData("257 \"/x\r\n", null)]
    [InlineData("550 \"/x\" no\r\n", null)]
    public void The_path_of_PWD(string text, string? path)
    {
        Assert.Equal(path is not null, PwdReply.TryParse(FtpReplyReaderTests.Read(text)!, NameCodec.Utf8, out var parsed));
        if (path is not null)
            Assert.Equal(path, parsed);
    }

    [Theory]
    [InlineData("550 /x: No such file or directory\r\n", RemoteError.NotFound)]
    [InlineData("550 /x: Permission denied\r\n", RemoteError.AccessDenied)]
    [InlineData("550 Directory not empty.\r\n", RemoteError.NotEmpty)]
    [InlineData("553 Can't open that file: Is a directory\r\n", RemoteError.IsADirectory)]
    [InlineData("451 /x: No space left on device\r\n", RemoteError.NoSpace)]
    [InlineData("552 Disk full\r\n", RemoteError.QuotaExceeded)]
    [InlineData("452 Disk full\r\n", RemoteError.NoSpace)]
    [InlineData("450 busy\r\n", RemoteError.Busy)]
    [InlineData("502 no\r\n", RemoteError.Unsupported)]
    [InlineData("550 Delete operation failed.\r\n", null)]
    [InlineData("550 No such file or directory/x: Failed\r\n", null)]
    [InlineData("550 File name too long\r\n", RemoteError.NameTooLong)]
    public void What_a_refusal_means(string text, RemoteError? error) =>
        Assert.Equal(error, FtpErrorMapping.Classify(FtpReplyReaderTests.Read(text)!));

    [Theory]
    [InlineData("421 There are too many connected users, please try later.\r\n", RemoteError.TooManyConnections)]
    [InlineData("421 50 users (the maximum) are already logged in, sorry\r\n", RemoteError.TooManyConnections)]
    [InlineData("530 Sorry, the maximum number of clients (2) for this user are already connected.\r\n", RemoteError.TooManyConnections)]
    [InlineData("530 Login incorrect.\r\n", RemoteError.AuthenticationFailed)]
    [InlineData("421 Service shutting down\r\n", RemoteError.Offline)]
    public void Why_a_login_was_refused(string text, RemoteError error) =>
        Assert.Equal(error, FtpErrorMapping.LoginRefused(FtpReplyReaderTests.Read(text)!, "host", "user").Error);

    [Fact]
    public void A_command_cannot_hold_a_line_break()
    {
        foreach (var name in new[] { "a\r\nDELE b", "a\nb", "a\0b" })
            Assert.Equal(RemoteError.InvalidName, Assert.Throws<RemoteException>(() => new FtpCommand("RETR", name)).Error);
        Assert.Equal("PASS ***", new FtpCommand("PASS", "secret").ToString());
    }

    [Fact]
    public void Lines_come_out_whole_however_they_are_cut() =>
        Gen.Select(Gen.Char['a', 'z'].Array[0, 30].Select(chars => new string(chars)).Array[0, 20], Gen.Int[1, 50], Gen.Bool).Sample((lines, cut, crlf) =>
        {
            var bytes = System.Text.Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line + (crlf ? "\r\n" : "\n"))));
            var splitter = new LineSplitter();
            var read = new List<string>();
            foreach (var chunk in bytes.Chunk(cut))
            {
                chunk.CopyTo(splitter.GetBuffer());
                splitter.Advance(chunk.Length);
                while (splitter.TryRead(out var line))
                    read.Add(System.Text.Encoding.ASCII.GetString(line));
            }

            Assert.Equal(lines, read);
            Assert.True(splitter.Rest.IsEmpty);
        });

    [Fact]
    public void A_line_without_end_is_bounded()
    {
        var splitter = new LineSplitter();
        Assert.Throws<RemoteException>(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var buffer = splitter.GetBuffer();
                buffer.Span.Fill((byte)'x');
                splitter.Advance(buffer.Length);
                Assert.False(splitter.TryRead(out _));
            }
        });
    }
}
