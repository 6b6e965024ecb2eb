using FtpMount.Service.Options;
using FtpMount.Service.Secrets;
using FtpMount.Service.Urls;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Tests;

public sealed class MountConfigurationTests
{
    private static readonly MountConfiguration Example = new()
    {
        Url = RemoteUrl.Parse("ftp://[::1]:2121/caf%E9"),
        Credentials = new Credentials("\uDCE9user", "p\uDCFFss\"\\", null),
        MountPoint = "/mnt/ä b",
        Source = "ftp://x@[::1]:2121/caf%E9",
        ClientKeyPassword = "k\uDCFEy",
        ProxyPassword = "pr\uDCFDxy",
        Options = new MountOptions { Timeout = TimeSpan.FromSeconds(1.5), DataConnections = DataConnectionMode.Epsv, LogLevel = LogLevel.Debug, UserId = 7 },
    };

    [Fact]
    public void A_configuration_comes_back_byte_for_byte() => Assert.Equal(Example, MountConfiguration.Deserialize(Example.Serialize()));

    [Fact]
    public void Its_text_has_no_password() => Assert.DoesNotContain("p\uDCFFss", Example.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Its_text_has_no_password_of_the_proxy() => Assert.DoesNotContain("pr\uDCFDxy", Example.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Its_text_has_no_key_password() => Assert.DoesNotContain("k\uDCFEy", Example.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Folders_follow_from_what_is_mounted_where()
    {
        var first = MountDirectories.Find(Example, _ => "/x");
        Assert.StartsWith("/x/ftpmount/__1-", first.Cache, StringComparison.Ordinal);
        Assert.Equal(first, MountDirectories.Find(Example with { Credentials = Example.Credentials with { Password = "other" } }, _ => "/x"));
        Assert.NotEqual(first, MountDirectories.Find(Example with { MountPoint = "/other" }, _ => "/x"));
        Assert.NotEqual(first, MountDirectories.Find(Example with { Credentials = Example.Credentials with { User = "other" } }, _ => "/x"));
        Assert.NotEqual(first, MountDirectories.Find(Example with { Url = RemoteUrl.Parse("ftp://[::1]:2121/other") }, _ => "/x"));
    }

    [Fact]
    public void Options_name_the_folders_before_the_environment_does()
    {
        var options = Example.Options with { CacheDirectory = "/cache", StateDirectory = "/state" };
        var found = MountDirectories.Find(Example with { Options = options }, _ => "/x");
        Assert.Equal(("/cache", "/state"), (Path.GetDirectoryName(found.Cache), Path.GetDirectoryName(found.State)));
    }

    [Fact]
    public void Relative_xdg_folders_are_ignored_and_home_counts()
    {
        var found = MountDirectories.Find(Example, name => name == "HOME" ? "/home/anna" : "relative");
        Assert.StartsWith("/home/anna/.cache/ftpmount/", found.Cache, StringComparison.Ordinal);
        Assert.StartsWith("/home/anna/.local/state/ftpmount/", found.State, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_home_variable_the_users_own_is_found() =>
        Assert.EndsWith("/ftpmount", Path.GetDirectoryName(MountDirectories.Find(Example, _ => null).State), StringComparison.Ordinal);
}
