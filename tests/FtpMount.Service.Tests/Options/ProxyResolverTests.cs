using FtpMount.Remote.Network;
using FtpMount.Service.Options;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Tests.Options;

public sealed class ProxyResolverTests
{
    private static ProxyOptions? Resolve(
        string options, string url = "ftp://nas.example.org/", string? handed = null, Dictionary<string, string>? environment = null, string? typed = null) =>
        ProxyResolver.Resolve(
            MountOptionParser.Parse([options]), RemoteUrl.Parse(url), handed, name => environment?.GetValueOrDefault(name), _ => typed);

    [Fact]
    public void The_environment_counts_only_when_it_is_asked_for()
    {
        var environment = new Dictionary<string, string> { ["all_proxy"] = "socks5://a", ["http_proxy"] = "http://b" };
        Assert.Null(Resolve("", environment: environment));
        Assert.Equal("a", Resolve("proxy=env", environment: environment)!.Host);
        Assert.Null(Resolve("proxy=env"));
    }

    [Fact]
    public void The_protocols_variable_comes_first_and_its_password_is_used()
    {
        var environment = new Dictionary<string, string> { ["ALL_PROXY"] = "socks5://a", ["ftp_proxy"] = "http://me:pw@b:1" };
        Assert.Equal(
            new ProxyOptions { Kind = ProxyKind.HttpConnect, Host = "b", Port = 1, User = "me", Password = "pw" }, Resolve("proxy=env", environment: environment));
        Assert.Equal("a", Resolve("proxy=env", "sftp://nas/", environment: environment)!.Host);
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("example.org", true)]
    [InlineData(".EXAMPLE.org", true)]
    [InlineData("x, nas.example.org", true)]
    [InlineData("ample.org", false)]
    [InlineData("org.", true)]
    [InlineData("other", false)]
    [InlineData("", false)]
    public void Hosts_of_no_proxy_need_none(string list, bool exempt) => Assert.Equal(
        exempt, Resolve("proxy=env", environment: new() { ["all_proxy"] = "a", ["no_proxy"] = list }) is null);

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("11.0.0.0/8", false)]
    [InlineData("0.1.2.3", false)]
    public void Addresses_and_networks_of_no_proxy_need_none(string list, bool exempt) => Assert.Equal(
        exempt, Resolve("proxy=env", "ftp://10.1.2.3/", environment: new() { ["all_proxy"] = "a", ["no_proxy"] = list }) is null);

    [Fact]
    public void The_password_is_the_command_lines_or_the_files_or_typed()
    {
        using var folder = new TemporaryDirectory();
        var file = Path.Combine(folder.Path, "pw");
        File.WriteAllText(file, "from-file\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        Assert.Equal("handed", Resolve($"proxy=http://me@h,proxy-password-file={file}", handed: "handed")!.Password);
        Assert.Equal("from-file", Resolve($"proxy=http://me@h,proxy-password-file={file}", typed: "typed")!.Password);
        Assert.Equal("typed", Resolve("proxy=http://me@h", typed: "typed")!.Password);
        Assert.Contains("proxy-password-file", Assert.Throws<MountException>(() => Resolve("proxy=http://me@h")).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => Resolve($"proxy=http://h,proxy-password-file={file}"));
        Assert.Throws<UsageException>(() => Resolve($"proxy-password-file={file}"));
        Assert.Null(Resolve("proxy=http://h")!.Password);
    }
}
