using CsCheck;
using FtpMount.Ftp.Certificates;
using FtpMount.Service.Options;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Tests.Options;

public sealed class MountOptionParserTests
{
    private const string EmptyFingerprint =
        "SHA256:E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";

    private static MountOptions Parse(params string[] lists) => MountOptionParser.Parse(lists);

    private static string Refusal(string list) => Assert.Throws<UsageException>(() => Parse(list)).Message;

    [Fact]
    public void Every_option_is_parsed()
    {
        var options = Parse(
            "cache-dir=/c,state-dir=/s,cache-size=1G,memory=32M,attr-timeout=1.5,dir-timeout=0,connections=3,timeout=60,ro",
            "allow-other,default-permissions,uid=1000,gid=1001,umask=027,encoding=iso-8859-1,password-file=/p,passive=pasv,log-level=debug,log-file=/l",
            "write-back=0.5,close=durable,fsync=local,conflict=mine",
            "proxy=socks5h://me@proxy,proxy-password-file=/pp,bind-address=::0:1,limit-rate=mon-fri/08:00-18:00=1M:512K;off",
            "tls-verify=tofu,tls-ca=/ca,tls-cert=/cert,tls-key=/key,tls-key-password-file=/kp",
            "tls-fingerprint=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        Assert.Equal(
            new MountOptions
            {
                CacheDirectory = "/c",
                StateDirectory = "/s",
                CacheBytes = 1L << 30,
                MemoryBytes = 32L << 20,
                AttributeTimeout = TimeSpan.FromSeconds(1.5),
                DirectoryTimeout = TimeSpan.Zero,
                Connections = 3,
                Timeout = TimeSpan.FromSeconds(60),
                ReadOnly = true,
                AllowOther = true,
                DefaultPermissions = true,
                UserId = 1000,
                GroupId = 1001,
                Umask = 0x17,
                Encoding = "iso-8859-1",
                PasswordFile = "/p",
                DataConnections = DataConnectionMode.Pasv,
                WriteBack = TimeSpan.FromSeconds(0.5),
                Close = VfsCloseMode.Durable,
                Sync = VfsSyncMode.Local,
                Conflict = VfsConflictMode.Mine,
                Proxy = "socks5://me@proxy:1080",
                ProxyPasswordFile = "/pp",
                BindAddress = "::1",
                LimitRate = "mon-fri/08:00-18:00=1M:512K;off",
                CertificateVerification = CertificateVerification.TrustOnFirstUse,
                AuthorityFile = "/ca",
                CertificateFingerprints = $"{EmptyFingerprint};{EmptyFingerprint}",
                ClientCertificateFile = "/cert",
                ClientKeyFile = "/key",
                ClientKeyPasswordFile = "/kp",
                LogLevel = LogLevel.Debug,
                LogFile = "/l",
            },
            options);
    }

    [Fact]
    public void Write_through_is_three_options_in_one() => Assert.Equal(Parse("write-back=0,close=remote,fsync=remote"), Parse("write-through"));

    [Fact]
    public void Underscores_are_hyphens() => Assert.Equal(Parse("allow-other,default-permissions,cache-size=1K"), Parse("allow_other,default_permissions,cache_size=1K"));

    [Fact]
    public void Later_options_win() => Assert.Equal(Parse("connections=5"), Parse("connections=2,ro", "rw,connections=5"));

    [Theory]
    [InlineData("rw,noauto,nofail,_netdev,user,users,defaults,dev,suid,exec,nodev,nosuid,noexec,auto,noatime,relatime")]
    [InlineData("x-systemd.automount,x-systemd.idle-timeout=60,x-gvfs-show,X-mount.mkdir,user=anna,comment=hello")]
    [InlineData("")]
    [InlineData(",,")]
    public void What_mount_passes_on_means_nothing(string list) => Assert.Equal(new MountOptions(), Parse(list));

    [Theory]
    [InlineData("cachesize=1G", "cache-size")]
    [InlineData("cache-sise=1G", "cache-size")]
    [InlineData("alow_other", "allow-other")]
    [InlineData("conections=2", "connections")]
    [InlineData("loglevel=debug", "log-level")]
    [InlineData("pasive=auto", "passive")]
    public void An_unknown_option_names_the_nearest_known_one(string list, string nearest) =>
        Assert.EndsWith($"did you mean {nearest}?", Refusal(list), StringComparison.Ordinal);

    [Fact]
    public void An_option_that_is_like_no_other_points_to_help() => Assert.Contains("mount --help", Refusal("zzzzzzzzzz"), StringComparison.Ordinal);

    [Fact]
    public void A_password_as_option_is_refused_with_the_safe_ways() => Assert.Contains("password-file=FILE", Refusal("password=x"), StringComparison.Ordinal);

    [Fact]
    public void Sloppy_leaves_out_unknown_options() => Assert.Equal(Parse("ro"), MountOptionParser.Parse(["ro,whatever=1"], ignoreUnknown: true));

    [Theory]
    [InlineData("cache-size")]
    [InlineData("cache-size=")]
    [InlineData("cache-size=lots")]
    [InlineData("cache-size=-1")]
    [InlineData("memory=1K")]
    [InlineData("attr-timeout=-1")]
    [InlineData("attr-timeout=x")]
    [InlineData("dir-timeout=86401")]
    [InlineData("timeout=0")]
    [InlineData("timeout=3601")]
    [InlineData("connections=0")]
    [InlineData("connections=65")]
    [InlineData("connections=2.5")]
    [InlineData("uid=anna")]
    [InlineData("uid=-1")]
    [InlineData("gid=4294967295")]
    [InlineData("umask=8")]
    [InlineData("umask=1000")]
    [InlineData("encoding=klingon")]
    [InlineData("encoding=utf-16")]
    [InlineData("passive=maybe")]
    [InlineData("log-level=loud")]
    [InlineData("ro=1")]
    [InlineData("active=yes")]
    [InlineData("active,passive=auto")]
    [InlineData("passive=epsv,active")]
    [InlineData("remount")]
    [InlineData("proxy=http://me:secret@host")]
    [InlineData("proxy=ftp://host")]
    [InlineData("proxy=http://host,active")]
    [InlineData("bind-address=localhost")]
    [InlineData("bind-address=1")]
    [InlineData("limit-rate=fast")]
    [InlineData("tls-verify=no")]
    [InlineData("tls-fingerprint=SHA1:00")]
    [InlineData("tls-key=/key")]
    [InlineData("tls-key-password-file=/key")]
    public void A_wrong_value_is_refused_naming_its_option(string list) =>
        Assert.Contains(list.Split('=', ',')[0], Refusal(list), StringComparison.Ordinal);

    [Theory]
    [InlineData("windows-1252")]
    [InlineData("shift_jis")]
    [InlineData("koi8-r")]
    [InlineData("utf-8")]
    public void Charsets_that_contain_ascii_are_accepted(string name) => Assert.Equal(name, Parse($"encoding={name}").Encoding);

    [Theory]
    [InlineData("log-file=a,b", new[] { "log-file=a", "b" })]
    [InlineData(@"log-file=a\,b,ro", new[] { "log-file=a,b", "ro" })]
    [InlineData(@"log-file=a\\,ro", new[] { @"log-file=a\", "ro" })]
    [InlineData(@"log-file=a\b\", new[] { @"log-file=a\b\" })]
    public void A_backslash_makes_the_next_comma_part_of_the_value(string list, string[] items) => Assert.Equal(items, MountOptionParser.Split(list));

    [Fact]
    public void Any_value_comes_back_from_its_escaped_form() =>
        Gen.String[Gen.Char["ab,\\=é "], 1, 20].Array[1, 5].Sample(values =>
            MountOptionParser.Split(string.Join(',', values.Select(MountOptionParser.Escape))).SequenceEqual(values));

    [Fact]
    public void Paths_are_made_absolute() => Assert.Equal(Path.GetFullPath("x/y"), Parse("log-file=x/./y").LogFile);

    [Fact]
    public void A_tilde_is_the_home() => Assert.Equal(
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/secret", Parse("password-file=~/secret").PasswordFile);
}
