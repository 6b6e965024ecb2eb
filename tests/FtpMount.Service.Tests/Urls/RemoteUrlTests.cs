using System.Text;
using CsCheck;
using FtpMount.Remote;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Tests.Urls;

public sealed class RemoteUrlTests
{
    [Theory]
    [InlineData("ftp://host", "")]
    [InlineData("ftp://host/", "")]
    [InlineData("ftp://host/a/b", "a/b")]
    [InlineData("ftp://host//a", "/a")]
    [InlineData("ftp://host/%2Fa", "/a")]
    [InlineData("ftp://host/%2fa/b", "/a/b")]
    [InlineData("ftp://host//", "/")]
    [InlineData("ftp://host/a%20b/c%23d", "a b/c#d")]
    [InlineData("ftp://host/what?", "what?")]
    [InlineData("ftp://host/Gr%C3%B6%C3%9Fe", "Größe")]
    [InlineData("ftp://host/Größe", "Größe")]
    [InlineData("ftp://host/dir;type=d", "dir")]
    [InlineData("ftp://host/dir;type=x1", "dir;type=x1")]
    public void Path_is_relative_to_the_login_folder_unless_it_begins_with_a_second_slash(string text, string path) =>
        Assert.Equal(path, RemoteUrl.Parse(text).Path);

    [Fact]
    public void Bytes_that_are_not_utf8_survive()
    {
        var url = RemoteUrl.Parse("ftp://host/caf%E9");
        Assert.Equal([(byte)'c', (byte)'a', (byte)'f', 0xE9], NameCodec.Utf8.Encode(url.Path));
        Assert.Equal("ftp://host/caf%E9", url.ToString());
    }

    [Theory]
    [InlineData("ftp://user@host/", "user", null)]
    [InlineData("ftp://user:pass@host/", "user", "pass")]
    [InlineData("ftp://user:@host/", "user", "")]
    [InlineData("ftp://user%40corp:p%3Aa%2Fs%25s@host/", "user@corp", "p:a/s%s")]
    [InlineData("ftp://user:p@ss@host/", "user", "p@ss")]
    [InlineData("ftp://user:a:b@host/", "user", "a:b")]
    [InlineData("ftp://@host/", null, null)]
    [InlineData("ftp://host/a@b:c", null, null)]
    public void User_and_password_are_decoded(string text, string? user, string? password)
    {
        var url = RemoteUrl.Parse(text);
        Assert.Equal((user, password, "host"), (url.User, url.Password, url.Host));
    }

    [Theory]
    [InlineData("ftp://host:2121/", "host", 2121)]
    [InlineData("ftp://host:/", "host", 21)]
    [InlineData("FTP://host", "host", 21)]
    [InlineData("ftpes://host", "host", 21)]
    [InlineData("ftps://host", "host", 990)]
    [InlineData("sftp://host", "host", 22)]
    [InlineData("ftp://[::1]:2121/x", "::1", 2121)]
    [InlineData("ftp://[fe80::1%25lo]/", "fe80::1%lo", 21)]
    [InlineData("ftp://[fe80::1%lo]/", "fe80::1%lo", 21)]
    [InlineData("ftp://user:p@[2001:db8::2]/", "2001:db8::2", 21)]
    public void Host_and_port_are_told_apart(string text, string host, int port)
    {
        var url = RemoteUrl.Parse(text);
        Assert.Equal((host, port), (url.Host, url.EffectivePort));
    }

    [Theory]
    [InlineData("sftp://host/abs/x", "/abs/x")]
    [InlineData("sftp://host/~/rel/x", "rel/x")]
    [InlineData("sftp://host/~", "")]
    [InlineData("sftp://host", "")]
    [InlineData("anna@host:rel/x", "rel/x")]
    [InlineData("anna@host:/abs", "/abs")]
    [InlineData("anna@host:", "")]
    [InlineData("host:x", "x")]
    [InlineData("anna@[::1]:x", "x")]
    public void Ssh_addresses_are_understood(string text, string path)
    {
        var url = RemoteUrl.Parse(text);
        Assert.Equal((RemoteScheme.Sftp, path), (url.Scheme, url.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData("/local/folder")]
    [InlineData("host/a:b")]
    [InlineData("http://host/")]
    [InlineData("://host/")]
    [InlineData("ftp://")]
    [InlineData("ftp:///path")]
    [InlineData("ftp://user@/path")]
    [InlineData("ftp://ho st/")]
    [InlineData("ftp://host:0/")]
    [InlineData("ftp://host:65536/")]
    [InlineData("ftp://host:-1/")]
    [InlineData("ftp://host:21x/")]
    [InlineData("ftp://::1/")]
    [InlineData("ftp://[::1/")]
    [InlineData("ftp://[::1]x/")]
    [InlineData("ftp://[127.0.0.1]/")]
    [InlineData("ftp://host/%zz")]
    [InlineData("ftp://host/%4")]
    [InlineData("ftp://host/a%0Ab")]
    [InlineData("ftp://us%00er@host/")]
    [InlineData("ftp://user:a%0D%0Ab@host/")]
    public void What_is_no_address_is_refused(string text) => Assert.Throws<UsageException>(() => RemoteUrl.Parse(text));

    [Theory]
    [InlineData("ftp://user:hush/hush@host/")]
    [InlineData("ftp://user:hush%zz@host/")]
    [InlineData("ftp://user:hush%0A@host/")]
    [InlineData("ftp://user:hush#hush/@host/")]
    public void No_message_repeats_a_password(string text) =>
        Assert.DoesNotContain("hush", Assert.Throws<UsageException>(() => RemoteUrl.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("ftp://u:p@h/x", "ftp://u@h/x", "p")]
    [InlineData("ftp://u:p@w@h/x@y", "ftp://u@h/x@y", "p@w")]
    [InlineData("ftp://u:@h", "ftp://u@h", "")]
    [InlineData("ftp://u@h:21/x:y@z", "ftp://u@h:21/x:y@z", null)]
    [InlineData("ftp://h:21/", "ftp://h:21/", null)]
    [InlineData("anna@host:path", "anna@host:path", null)]
    [InlineData("-o", "-o", null)]
    public void Removing_the_password_leaves_the_rest_as_written(string text, string rest, string? password) =>
        Assert.Equal((rest, password), (RemoteUrl.RemovePassword(text, out var removed), removed));

    [Fact]
    public void Any_url_comes_back_from_its_text()
    {
        var text = Gen.Byte.Array[1, 12].Where(b => b.AsSpan().IndexOfAny((byte)0, (byte)'\r', (byte)'\n') < 0).Select(b => NameCodec.Utf8.Decode(b));
        var path = Gen.Select(Gen.OneOf("", "/"), text.Select(t => t.Replace("/", "_", StringComparison.Ordinal)).Array[0, 4], (root, names) => root + string.Join('/', names));
        var host = Gen.OneOf("host", "ftp.example.org", "10.0.0.1", "::1", "2001:db8::17", "fe80::1%eth0", "h_1-x");
        var url = Gen.Select(
            Gen.OneOf(RemoteScheme.Ftp, RemoteScheme.FtpExplicitTls, RemoteScheme.FtpImplicitTls), text.Null(), text.Null(), host, Gen.Int[1, 65535].Nullable(), path,
            (scheme, user, password, h, port, p) => new RemoteUrl { Scheme = scheme, User = user, Password = user is null ? null : password, Host = h, Port = port, Path = p });
        url.Sample(u => RemoteUrl.Parse(u.ToStringWithPassword()) == u && RemoteUrl.Parse(u.ToString()) == u with { Password = null });
    }

    [Fact]
    public void Removing_the_password_of_any_url_gives_the_url_without_it()
    {
        var secret = Gen.Byte.Array[1, 20].Select(Convert.ToHexString);
        secret.Sample(s =>
        {
            var url = new RemoteUrl { Scheme = RemoteScheme.Ftp, User = "u", Password = s, Host = "h", Path = "a/b" };
            return RemoteUrl.RemovePassword(url.ToStringWithPassword(), out var removed) == url.ToString() && RemoteUrl.DecodePassword(removed!) == s
                && !url.ToString().Contains(s, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Any_text_is_parsed_or_refused_as_wrong_usage()
    {
        var alphabet = Gen.OneOf(Gen.Char["ftps:/@[]%:.;~2F \0é\uD800"], Gen.Char);
        Gen.Select(Gen.OneOf("", "ftp://", "sftp://", "ftp://u:p@h/"), alphabet.Array[0, 30], (start, rest) => start + new string(rest)).Sample(text =>
        {
            try
            {
                _ = RemoteUrl.Parse(text);
                _ = RemoteUrl.RemovePassword(text, out _);
            }
            catch (UsageException)
            {
            }
        });
    }

    [Fact]
    public void Utf8_in_a_url_is_the_same_as_its_escapes() =>
        Assert.Equal(RemoteUrl.Parse("ftp://h/日本"), RemoteUrl.Parse("ftp://h/" + string.Concat(Encoding.UTF8.GetBytes("日本").Select(b => $"%{b:x2}"))));
}
