namespace FtpMount.Sftp.Tests;

public sealed class HostKeyPolicyTests
{
    private const string Fingerprint = "SHA256:ohD8VZEXGWo6Ez8GSEJQ9WpafgLFsOfLOtGGQCQo6Og";

    [Theory]
    [InlineData("ask", HostKeyRule.Ask)]
    [InlineData("accept-new", HostKeyRule.AcceptNew)]
    [InlineData(Fingerprint, HostKeyRule.Fingerprint)]
    public void What_is_written_is_what_is_meant(string text, HostKeyRule rule)
    {
        Assert.True(HostKeyPolicy.TryParse(text, out var policy));
        Assert.Equal(rule, policy.Rule);
        Assert.Equal(text, policy.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("off")]
    [InlineData("no")]
    [InlineData("SHA256:")]
    [InlineData("SHA256:short")]
    [InlineData("SHA256:!hD8VZEXGWo6Ez8GSEJQ9WpafgLFsOfLOtGGQCQo6Og")]
    [InlineData("MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48")]
    public void Nothing_else_is_understood(string text) => Assert.False(HostKeyPolicy.TryParse(text, out _));

    [Fact]
    public void A_fingerprint_with_padding_is_the_same_fingerprint() =>
        Assert.Equal(HostKeyPolicy.WithFingerprint(Fingerprint), HostKeyPolicy.WithFingerprint(Fingerprint + "="));
}
