using System.Security.Cryptography;
using CsCheck;
using FtpMount.Ftp.Certificates;

namespace FtpMount.Ftp.Tests.Certificates;

public sealed class CertificateFingerprintTests
{
    [Fact]
    public void Every_spelling_means_the_same() => Gen.Byte.Array[0, 100].Sample(certificate =>
    {
        var fingerprint = CertificateFingerprint.Of(certificate);
        var hash = SHA256.HashData(certificate);
        var hex = Convert.ToHexString(hash);
        var colons = BitConverter.ToString(hash).Replace('-', ':');
        var base64 = Convert.ToBase64String(hash);
        string[] spellings =
        [
            fingerprint.ToString(), hex, hex.ToLowerInvariant(), colons, "SHA256:" + hex, "sha256:" + colons.ToLowerInvariant(), "SHA256:" + base64,
            "SHA256:" + base64.TrimEnd('='), base64, $"SHA256 Fingerprint={colons}", $"sha256 Fingerprint={colons}\n",
        ];
        return fingerprint.ToString() == "SHA256:" + colons
            && spellings.All(text => CertificateFingerprint.TryParse(text, out var parsed) && parsed == fingerprint);
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("SHA256:")]
    [InlineData("SHA1:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B8")]
    [InlineData("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B8ZZ")]
    [InlineData("E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:5:5")]
    [InlineData("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF")]
    [InlineData("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUU")]
    [InlineData("SHA256:47DEQpj8HBSa*/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")]
    public void Anything_else_is_refused(string? text) => Assert.False(CertificateFingerprint.TryParse(text, out _));
}
