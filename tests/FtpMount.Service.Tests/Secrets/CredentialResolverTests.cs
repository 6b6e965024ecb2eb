using FtpMount.Service.Secrets;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Tests.Secrets;

public sealed class CredentialResolverTests : IDisposable
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _warnings = [];

    public void Dispose() => _directory.Dispose();

    private Credentials Resolve(string url, CredentialSources? sources = null) =>
        CredentialResolver.Resolve(RemoteUrl.Parse(url), (sources ?? new CredentialSources()) with { Warn = _warnings.Add });

    [Fact]
    public void Nobody_named_is_anonymous() => Assert.Equal(new Credentials("anonymous", "anonymous@", null), Resolve("ftp://h/"));

    [Fact]
    public void Anonymous_needs_no_password() => Assert.Equal(new Credentials("ftp", "anonymous@", null), Resolve("ftp://ftp@h/"));

    [Fact]
    public void The_order_is_url_environment_file_netrc_terminal()
    {
        var all = new CredentialSources
        {
            EnvironmentPassword = "environment",
            PasswordFile = _directory.File("password", "file\nsecond line\n"),
            NetrcFile = _directory.File("netrc", "machine h login u password netrc account acct"),
            Prompt = _ => "terminal",
        };
        Assert.Equal("url", Resolve("ftp://u:url@h/", all).Password);
        Assert.Equal("environment", Resolve("ftp://u@h/", all).Password);
        Assert.Equal("file", Resolve("ftp://u@h/", all with { EnvironmentPassword = null }).Password);
        Assert.Equal(new Credentials("u", "netrc", "acct"), Resolve("ftp://u@h/", all with { EnvironmentPassword = null, PasswordFile = null }));
        Assert.Equal("terminal", Resolve("ftp://u@h/", new CredentialSources { Prompt = all.Prompt }).Password);
    }

    [Fact]
    public void The_user_may_come_from_netrc() =>
        Assert.Equal(new Credentials("u", "p", null), Resolve("ftp://h/", new CredentialSources { NetrcFile = _directory.File("n", "machine h login u password p") }));

    [Fact]
    public void A_password_in_the_environment_is_not_sent_for_anonymous() =>
        Assert.Equal("anonymous@", Resolve("ftp://h/", new CredentialSources { EnvironmentPassword = "secret" }).Password);

    [Fact]
    public void Without_a_terminal_a_missing_password_is_an_error_that_says_what_to_do() =>
        Assert.Contains("password-file=FILE", Assert.Throws<MountException>(() => Resolve("ftp://u@h/")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_password_file_that_others_can_read_is_refused()
    {
        var file = _directory.File("password", "p", Readable);
        Assert.Contains("chmod 600", Assert.Throws<MountException>(() => Resolve("ftp://u@h/", new CredentialSources { PasswordFile = file })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_netrc_that_others_can_read_is_not_used_and_the_user_is_told()
    {
        var file = _directory.File("netrc", "machine h login u password p", Readable);
        Assert.Equal("typed", Resolve("ftp://u@h/", new CredentialSources { NetrcFile = file, Prompt = _ => "typed" }).Password);
        Assert.Contains("chmod 600", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_netrc_that_does_not_exist_is_no_problem()
    {
        _ = Resolve("ftp://h/", new CredentialSources { NetrcFile = "/nonexistent/netrc" });
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\nsecond")]
    public void A_password_file_without_a_first_line_is_an_error(string content) =>
        Assert.Throws<MountException>(() => Resolve("ftp://u@h/", new CredentialSources { PasswordFile = _directory.File("p", content) }));

    [Fact]
    public void A_password_file_without_a_user_is_wrong_usage() =>
        Assert.Throws<UsageException>(() => Resolve("ftp://h/", new CredentialSources { PasswordFile = "/p" }));

    [Fact]
    public void A_password_with_a_line_end_is_refused_without_showing_it()
    {
        var message = Assert.Throws<MountException>(() => Resolve("ftp://u@h/", new CredentialSources { EnvironmentPassword = "hush\r\nDELE x" })).Message;
        Assert.DoesNotContain("hush", message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_of_credentials_shows_the_password() => Assert.DoesNotContain("hush", new Credentials("u", "hush", "hush").ToString(), StringComparison.Ordinal);
}
