using CsCheck;
using FtpMount.Remote.Network;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Tests.Urls;

public sealed class ProxyUrlTests
{
    [Theory]
    [InlineData("http://squid", ProxyKind.HttpConnect, "squid", 8080, null, null)]
    [InlineData("HTTP://squid:3128/", ProxyKind.HttpConnect, "squid", 3128, null, null)]
    [InlineData("squid:3128", ProxyKind.HttpConnect, "squid", 3128, null, null)]
    [InlineData("socks5://10.0.0.1", ProxyKind.Socks5, "10.0.0.1", 1080, null, null)]
    [InlineData("socks5h://me@[2001:db8::1]:9050", ProxyKind.Socks5, "2001:db8::1", 9050, "me", null)]
    [InlineData("http://me%40work:p%3A%2fw%25@squid", ProxyKind.HttpConnect, "squid", 8080, "me@work", "p:/w%")]
    [InlineData("http://me:a/b@c@squid", ProxyKind.HttpConnect, "squid", 8080, "me", "a/b@c")]
    [InlineData("http://me:@squid", ProxyKind.HttpConnect, "squid", 8080, "me", "")]
    public void An_address_is_understood(string text, ProxyKind kind, string host, int port, string? user, string? password)
    {
        var proxy = ProxyUrl.Parse(text);
        Assert.Equal(new ProxyOptions { Kind = kind, Host = host, Port = port, User = user, Password = password }, proxy);
        Assert.Equal(proxy with { Password = null }, ProxyUrl.Parse(ProxyUrl.Format(proxy)));
        Assert.DoesNotContain("p:/w%", proxy.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://")]
    [InlineData("http://:3128")]
    [InlineData("http://host:0")]
    [InlineData("http://host:65536")]
    [InlineData("http://host:x")]
    [InlineData("http://2001:db8::1")]
    [InlineData("http://[host]:1")]
    [InlineData("http://[::1]x:1")]
    [InlineData("http://ho st")]
    [InlineData("http://host/path")]
    [InlineData("http://@host")]
    [InlineData("http://a%0D%0Ab:secret@host")]
    [InlineData("https://host")]
    [InlineData("socks4://host")]
    [InlineData("ftp://user:secret@host")]
    public void Anything_else_is_refused_without_showing_a_secret(string text) =>
        Assert.DoesNotContain("secret", Assert.Throws<UsageException>(() => ProxyUrl.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("proxy=http://me:secret@h:1", "proxy=http://me@h:1")]
    [InlineData("ro,proxy=http://me:secret@h:1,timeout=3", "ro,proxy=http://me@h:1,timeout=3")]
    [InlineData("-oproxy=socks5://me:secret@h", "-oproxy=socks5://me@h")]
    [InlineData("-o=proxy=me:secret@h", "-o=proxy=me@h")]
    [InlineData("proxy=http://a:b@h,proxy=http://me:secret@h", "proxy=http://a@h,proxy=http://me@h")]
    public void A_password_is_taken_off_a_command_line(string argument, string cleaned)
    {
        Assert.True(ProxyUrl.TryRemovePassword(ref argument, out var password));
        Assert.Equal((cleaned, "secret"), (argument, password));
    }

    [Theory]
    [InlineData(@"proxy=http://me:a\,b\\c%20d@h,ro", "a,b\\c d", "proxy=http://me@h,ro")]
    [InlineData("proxy=http://me:x@h,proxy=http://h", null, "proxy=http://me@h,proxy=http://h")]
    [InlineData("proxy=http://h:3128", null, "proxy=http://h:3128")]
    [InlineData("proxy=env", null, "proxy=env")]
    public void Escapes_and_repetition_are_those_of_an_option(string argument, string? password, string cleaned)
    {
        Assert.True(ProxyUrl.TryRemovePassword(ref argument, out var found));
        Assert.Equal((cleaned, password), (argument, found));
    }

    [Theory]
    [InlineData("ftp://me:secret@host/proxy=http://a:b@c")]
    [InlineData("no-proxy=http://a:b@c")]
    [InlineData("/mnt/x")]
    public void What_is_no_such_option_is_left_alone(string argument)
    {
        var before = argument;
        Assert.False(ProxyUrl.TryRemovePassword(ref argument, out _));
        Assert.Equal(before, argument);
    }

    [Fact]
    public void No_text_breaks_it() => Gen.String[Gen.Char["proxy=:/@,\\%[]a1 -o"], 0, 40].Sample(text =>
    {
        var argument = text;
        ProxyUrl.TryRemovePassword(ref argument, out _);
        var option = "proxy=" + text;
        ProxyUrl.TryRemovePassword(ref option, out _);
        try
        {
            ProxyUrl.Parse(text);
        }
        catch (UsageException)
        {
            // as it should be
        }
    });
}
