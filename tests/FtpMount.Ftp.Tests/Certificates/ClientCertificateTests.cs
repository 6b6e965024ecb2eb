using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FtpMount.Ftp.Certificates;
using FtpMount.Remote;

namespace FtpMount.Ftp.Tests.Certificates;

public sealed class ClientCertificateTests : IDisposable
{
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);

    private readonly string _folder = Directory.CreateTempSubdirectory("ftpmount-certificates-").FullName;
    private readonly TestAuthority _root = new();
    private readonly TestAuthority _issuing;
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _own;

    public ClientCertificateTests()
    {
        _issuing = new TestAuthority("Issuing", _root);
        _own = _issuing.IssueWithKey(_rsa);
    }

    public void Dispose()
    {
        _own.Dispose();
        _rsa.Dispose();
        _ec.Dispose();
        _issuing.Dispose();
        _root.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Write(string content, UnixFileMode others = default)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllText(file, content);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);
        return file;
    }

    private string Write(byte[] content)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllBytes(file, content);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private string ChainPem => string.Join('\n', _issuing.Certificate.ExportCertificatePem(), _own.ExportCertificatePem(), _root.Certificate.ExportCertificatePem());

    private void IsWhole(ClientCertificate loaded, int certificates = 2)
    {
        Assert.Equal(certificates, loaded.Chain.Count);
        Assert.Equal(_own.RawData, loaded.Chain[0].ToArray());
        if (certificates > 1)
            Assert.Equal(_issuing.Der.ToArray(), loaded.Chain[1].ToArray());
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(loaded.PrivateKey.Span, out _);
        Assert.Equal(_rsa.ExportRSAPublicKey(), key.ExportRSAPublicKey());
    }

    private static string Refusal(string certificate, string? key = null, string? password = null)
    {
        var refused = Assert.Throws<RemoteException>(() => ClientCertificate.Load(certificate, key, password));
        Assert.Equal(RemoteError.AuthenticationFailed, refused.Error);
        return refused.Message;
    }

    [Fact]
    public void Pem_is_read_with_its_chain_in_order_from_one_file_or_two()
    {
        IsWhole(ClientCertificate.Load(Write(ChainPem + "\n" + _rsa.ExportPkcs8PrivateKeyPem()), null, null));
        IsWhole(ClientCertificate.Load(Write(ChainPem, UnixFileMode.OtherRead), Write(_rsa.ExportPkcs8PrivateKeyPem()), null));
        IsWhole(ClientCertificate.Load(Write(ChainPem), Write("text before\n" + _rsa.ExportRSAPrivateKeyPem()), "not needed"));
    }

    [Fact]
    public void An_encrypted_key_is_decrypted_with_its_password()
    {
        var key = Write(_rsa.ExportEncryptedPkcs8PrivateKeyPem("secret", Encryption));
        IsWhole(ClientCertificate.Load(Write(ChainPem), key, "secret"));
        Assert.Contains("tls-key-password-file", Refusal(Write(ChainPem), key), StringComparison.Ordinal);
        var wrong = Refusal(Write(ChainPem), key, "wrong-password");
        Assert.Contains("the password is wrong", wrong, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password", wrong, StringComparison.Ordinal);
    }

    [Fact]
    public void A_der_certificate_is_read_beside_its_key() =>
        IsWhole(ClientCertificate.Load(Write(_own.RawData), Write(_rsa.ExportPkcs8PrivateKeyPem()), null), 1);

    [Fact]
    public void An_elliptic_key_is_read()
    {
        using var own = _root.IssueWithKey(_ec);
        foreach (var pem in new[] { _ec.ExportPkcs8PrivateKeyPem(), _ec.ExportECPrivateKeyPem(), _ec.ExportEncryptedPkcs8PrivateKeyPem("p", Encryption) })
        {
            var loaded = ClientCertificate.Load(Write(own.ExportCertificatePem()), Write(pem), "p");
            using var key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(loaded.PrivateKey.Span, out _);
            Assert.Equal(_ec.ExportSubjectPublicKeyInfo(), key.ExportSubjectPublicKeyInfo());
        }
    }

    [Fact]
    public void Pkcs12_is_read_with_its_chain()
    {
        using var root = X509CertificateLoader.LoadCertificate(_root.Der.Span);
        using var issuing = X509CertificateLoader.LoadCertificate(_issuing.Der.Span);
        var file = Write(new X509Certificate2Collection { root, issuing, _own }.Export(X509ContentType.Pkcs12, "secret")!);
        IsWhole(ClientCertificate.Load(file, null, "secret"));
        Assert.Contains("the password is wrong", Refusal(file, null, "other"), StringComparison.Ordinal);
        Assert.Contains("tls-key-password-file", Refusal(file), StringComparison.Ordinal);
        IsWhole(ClientCertificate.Load(Write(_own.Export(X509ContentType.Pkcs12)), null, null), 1);
    }

    [Fact]
    public void What_is_missing_is_said()
    {
        var missing = Path.Combine(_folder, "missing.pem");
        Assert.Contains(missing, Refusal(missing), StringComparison.Ordinal);
        Assert.Contains(missing, Refusal(Write(ChainPem), missing), StringComparison.Ordinal);
        Assert.Contains("no private key in it", Refusal(Write(ChainPem)), StringComparison.Ordinal);
        Assert.Contains("no certificate in it", Refusal(Write(_rsa.ExportPkcs8PrivateKeyPem())), StringComparison.Ordinal);
        Assert.Contains("needs its key", Refusal(Write(_own.RawData)), StringComparison.Ordinal);
        using var publicOnly = X509CertificateLoader.LoadCertificate(_own.RawData);
        Assert.Contains(
            "no certificate with a private key", Refusal(Write(new X509Certificate2Collection(publicOnly).Export(X509ContentType.Pkcs12, "x")!), null, "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused()
    {
        using var other = RSA.Create(2048);
        Assert.Contains("does not belong", Refusal(Write(ChainPem), Write(other.ExportPkcs8PrivateKeyPem())), StringComparison.Ordinal);
        Assert.Contains("does not belong", Refusal(Write(_own.ExportCertificatePem()), Write(_ec.ExportPkcs8PrivateKeyPem())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_every_user_can_read_is_refused() =>
        Assert.Contains("chmod 600", Refusal(Write(ChainPem), Write(_rsa.ExportPkcs8PrivateKeyPem(), UnixFileMode.OtherRead)), StringComparison.Ordinal);

    [Fact]
    public void A_key_in_the_old_encryption_is_refused_saying_how_to_convert_it()
    {
        var old = _rsa.ExportRSAPrivateKeyPem().Replace(
            "-----BEGIN RSA PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", StringComparison.Ordinal);
        Assert.Contains("openssl pkcs8 -topk8", Refusal(Write(ChainPem), Write(old), "x"), StringComparison.Ordinal);
    }

    [Fact]
    public void Rubbish_is_refused()
    {
        Refusal(Write("hello"));
        Refusal(Write(""));
        Refusal(Write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + _rsa.ExportPkcs8PrivateKeyPem()));
        Refusal(Write(ChainPem + "\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
        Refusal(Write(ChainPem + "\n-----BEGIN PRIVATE KEY-----\n"));
    }
}
