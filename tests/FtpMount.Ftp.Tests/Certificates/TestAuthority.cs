using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FtpMount.Ftp.Tests.Certificates;

/// <summary>An authority made for a test, and what it issues.</summary>
internal sealed class TestAuthority : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 6, 15, 12, 0, 0, TimeSpan.Zero);

    private static readonly OidCollection ServerUse = [new Oid("1.3.6.1.5.5.7.3.1")];

    private readonly TestAuthority? _issuer;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string name = "Test Root", TestAuthority? issuer = null, string[]? uses = null, string? permittedDnsName = null)
    {
        _issuer = issuer;
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (uses is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. uses.Select(use => new Oid(use))], false));
        if (permittedDnsName is not null)
            request.CertificateExtensions.Add(new X509Extension("2.5.29.30", PermittedName(permittedDnsName), true));
        Certificate = issuer is null
            ? request.CreateSelfSigned(Now.AddYears(-5), Now.AddYears(5))
            : Sign(request, issuer, Now.AddYears(-4), Now.AddYears(4));
    }

    public X509Certificate2 Certificate { get; }

    public ReadOnlyMemory<byte> Der => Certificate.RawData;

    /// <summary>A server's certificate.</summary>
    public byte[] Issue(
        string[]? names = null,
        string[]? addresses = null,
        byte[]? rawNames = null,
        DateTimeOffset? from = null,
        DateTimeOffset? to = null,
        string[]? uses = null,
        string subject = "CN=server")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(key, names, addresses, rawNames, uses, subject);
        using var certificate = Sign(request, this, from ?? Now.AddDays(-30), to ?? Now.AddDays(60));
        return certificate.RawData;
    }

    /// <summary>A server's certificate that no authority signed.</summary>
    public static byte[] SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Request(key, [name], null, null, null, "CN=" + name).CreateSelfSigned(Now.AddDays(-30), Now.AddDays(60));
        return certificate.RawData;
    }

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 IssueWithKey(AsymmetricAlgorithm key)
    {
        var request = key is RSA rsa
            ? new CertificateRequest("CN=client", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=client", (ECDsa)key, HashAlgorithmName.SHA256);
        using var certificate = Sign(request, this, Now.AddDays(-30), Now.AddDays(60));
        return key is RSA withRsa ? certificate.CopyWithPrivateKey(withRsa) : certificate.CopyWithPrivateKey((ECDsa)key);
    }

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private static CertificateRequest Request(ECDsa key, string[]? names, string[]? addresses, byte[]? rawNames, string[]? uses, string subject)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, false));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension(uses is null ? ServerUse : [.. uses.Select(use => new Oid(use))], false));
        if (rawNames is not null)
        {
            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", rawNames, false));
        }
        else if (names is not null || addresses is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            foreach (var name in names ?? [])
                builder.AddDnsName(name);
            foreach (var address in addresses ?? [])
                builder.AddIpAddress(IPAddress.Parse(address));
            request.CertificateExtensions.Add(builder.Build());
        }

        return request;
    }

    private static X509Certificate2 Sign(CertificateRequest request, TestAuthority issuer, DateTimeOffset from, DateTimeOffset to)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, true, false));
        return request.Create(
            issuer.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer._key), from, to, RandomNumberGenerator.GetBytes(12));
    }

    private static byte[] PermittedName(string name)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        var permitted = new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 0, true);
        using (writer.PushSequence())
        using (writer.PushSequence(permitted))
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(
                System.Formats.Asn1.UniversalTagNumber.IA5String, name, new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 2));
        }

        return writer.Encode();
    }
}
