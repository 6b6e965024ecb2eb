using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FtpMount.TestServers.Processes;

/// <summary>A self-signed certificate for loopback, made once per test program: key generation costs a tenth of a second.</summary>
internal static class TestCertificate
{
    private static readonly Lazy<(string Certificate, string Key)> Pem = new(Make);

    /// <summary>Writes <c>cert.pem</c>, <c>key.pem</c> and both in <c>both.pem</c> into the server's folder.</summary>
    public static (string Certificate, string Key, string Both) WriteTo(ServerDirectory directory) => (
        directory.Write("cert.pem", Pem.Value.Certificate),
        directory.Write("key.pem", Pem.Value.Key, secret: true),
        directory.Write("both.pem", Pem.Value.Key + "\n" + Pem.Value.Certificate + "\n", secret: true));

    private static (string Certificate, string Key) Make()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
