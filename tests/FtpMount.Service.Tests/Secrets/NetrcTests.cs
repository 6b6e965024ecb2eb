using CsCheck;
using FtpMount.Service.Secrets;

namespace FtpMount.Service.Tests.Secrets;

public sealed class NetrcTests
{
    private const string Example = """
        # comment with machine nas login nobody password wrong
        machine nas login anna password s3cret
        machine nas
            login bert
            password "with space and \"quote\""
            account acct
        macdef init
        machine inside login a password macro
        cd /pub

        default login anonymous password me@example.org
        machine late login x password #hash
        """;

    [Fact]
    public void The_first_entry_of_the_host_is_taken() =>
        Assert.Equal(new NetrcEntry("nas", "anna", "s3cret", null), Netrc.Parse(Example).Find("NAS", null));

    [Fact]
    public void The_entry_of_the_user_is_taken() =>
        Assert.Equal(new NetrcEntry("nas", "bert", "with space and \"quote\"", "acct"), Netrc.Parse(Example).Find("nas", "bert"));

    [Fact]
    public void Default_fits_every_other_host_even_when_machines_follow_it()
    {
        Assert.Null(Netrc.Parse(Example).Find("elsewhere", null)!.Machine);
        Assert.Equal("#hash", Netrc.Parse(Example).Find("late", "x")!.Password);
    }

    [Fact]
    public void Another_users_entry_is_not_taken() => Assert.Null(Netrc.Parse(Example).Find("nas", "carla"));

    [Fact]
    public void A_macro_is_not_read_as_entries() => Assert.DoesNotContain(Netrc.Parse(Example).Entries, e => e.Machine == "inside");

    [Theory]
    [InlineData("")]
    [InlineData("machine")]
    [InlineData("machine nas login")]
    [InlineData("login x password y")]
    [InlineData("macdef")]
    [InlineData("machine nas password \"open")]
    public void Incomplete_text_is_not_an_error(string text) => _ = Netrc.Parse(text).Find("nas", null);

    [Fact]
    public void Any_text_is_parsed() => Gen.String[Gen.Char["machine login\n\t\"\\#x"], 0, 60].Sample(t => { _ = Netrc.Parse(t); });

    [Fact]
    public void Any_quoted_password_comes_back() => Gen.String[Gen.Char["ab \"\\\t#é"], 0, 20].Sample(password =>
    {
        var quoted = password.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return Netrc.Parse($"machine h login u password \"{quoted}\"").Find("h", "u")!.Password == password;
    });
}
