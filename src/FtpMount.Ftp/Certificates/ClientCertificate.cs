using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FtpMount.Remote;

namespace FtpMount.Ftp.Certificates;

/// <summary>
/// What this side shows a server that asks for a certificate: the certificate, those that lead to its authority, and the key. From PEM files (RFC 7468: the
/// key in the same file or in another one, PKCS#8 perhaps encrypted, PKCS#1 or SEC 1) or from a PKCS#12 file (RFC 7292).
/// </summary>
public sealed class ClientCertificate
{
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string EllipticCurve = "1.2.840.10045.2.1";

    private ClientCertificate(IReadOnlyList<ReadOnlyMemory<byte>> chain, ReadOnlyMemory<byte> privateKey)
    {
        Chain = chain;
        PrivateKey = privateKey;
    }

    /// <summary>DER, the client's own first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chain { get; }

    /// <summary>PKCS#8 in DER, not encrypted.</summary>
    public ReadOnlyMemory<byte> PrivateKey { get; }

    /// <summary>Reads it.</summary>
    /// <param name="certificateFile">PEM, or PKCS#12, or one certificate in DER (then with a key file).</param>
    /// <param name="keyFile">PEM; null when the key is in the certificate's file.</param>
    /// <param name="password">Decrypts the key or the PKCS#12 file; null when it is not encrypted.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.AuthenticationFailed"/>: says which file is not usable, why, and what to do.</exception>
    public static ClientCertificate Load(string certificateFile, string? keyFile, string? password)
    {
        ArgumentNullException.ThrowIfNull(certificateFile);
        using var certificates = new OwnedCertificates();
        var bytes = Read(certificateFile, isSecret: keyFile is null);
        if (bytes.Length == 0)
            throw Unusable(certificateFile, "it is empty");
        try
        {
            if (IsPem(bytes))
            {
                var text = Encoding.Latin1.GetString(bytes);
                certificates.Collection.ImportFromPem(text);
                if (certificates.Collection.Count == 0)
                    throw Unusable(certificateFile, "it has no certificate in it");
                var keyText = keyFile is null ? text : Encoding.Latin1.GetString(Read(keyFile, isSecret: true));
                return FromPemKey(certificates.Collection, keyText, keyFile ?? certificateFile, password);
            }

            if (keyFile is not null)
            {
                certificates.Collection.Add(X509CertificateLoader.LoadCertificate(bytes));
                return FromPemKey(certificates.Collection, Encoding.Latin1.GetString(Read(keyFile, isSecret: true)), keyFile, password);
            }
        }
        catch (CryptographicException e)
        {
            throw Unusable(certificateFile, "a certificate in it is malformed", e);
        }

        return FromPkcs12(certificates, bytes, certificateFile, password);
    }

    /// <summary>Shows nothing of the key.</summary>
    public override string ToString() => $"{Chain.Count} certificates";

    private static ClientCertificate FromPkcs12(OwnedCertificates certificates, byte[] bytes, string file, string? password)
    {
        try
        {
            if (X509Certificate2.GetCertContentType(bytes) != X509ContentType.Pkcs12)
                throw Unusable(file, "it is neither PEM nor PKCS#12; a certificate alone needs its key in a PEM file (tls-key)");
            certificates.Collection.AddRange(X509CertificateLoader.LoadPkcs12Collection(
                bytes, password, X509KeyStorageFlags.Exportable | X509KeyStorageFlags.EphemeralKeySet));
        }
        catch (CryptographicException e)
        {
            throw Unusable(
                file, password is null ? "it is encrypted and needs tls-key-password-file, or it is damaged" : "the password is wrong, or it is damaged", e);
        }

        var own = certificates.Collection.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw Unusable(file, "it has no certificate with a private key in it");
        byte[] key;
        try
        {
            using AsymmetricAlgorithm algorithm = (AsymmetricAlgorithm?)own.GetRSAPrivateKey() ?? own.GetECDsaPrivateKey()
                ?? throw Unusable(file, "its key is of a kind that PKCS#12 files cannot be read with here; put it into a PEM file");
            key = algorithm.ExportPkcs8PrivateKey();
        }
        catch (CryptographicException e)
        {
            throw Unusable(file, "its key cannot be read", e);
        }

        return new ClientCertificate(Order(own, certificates.Collection), key);
    }

    private static ClientCertificate FromPemKey(X509Certificate2Collection certificates, string keyText, string keyFile, string? password)
    {
        if (!PemKey.TryFind(keyText, out var label, out var isOldEncryption))
            throw Unusable(keyFile, "it has no private key in it; name the file that has it with tls-key");
        if (isOldEncryption)
            throw Unusable(keyFile, "its key is encrypted in an old way; convert it: openssl pkcs8 -topk8 -in FILE -out NEWFILE");
        if (label == PemKey.Encrypted && password is null)
            throw Unusable(keyFile, "its key is encrypted; put its password into a file for tls-key-password-file");
        Exception? notDecrypted = null;
        var otherKey = false;
        foreach (var certificate in certificates)
        {
            try
            {
                if (TryReadKey(certificate, keyText, keyFile, label, password) is { } key)
                    return new ClientCertificate(Order(certificate, certificates), key);
                otherKey = true;
            }
            catch (CryptographicException e)
            {
                // The password is wrong, or this certificate of the chain has a key of another kind: .NET does not tell which.
                notDecrypted = e;
            }
        }

        throw otherKey || notDecrypted is null
            ? Unusable(keyFile, "its key does not belong to the certificate")
            : Unusable(keyFile, "its key cannot be decrypted: the password is wrong, or it is of another kind than the certificate's", notDecrypted);
    }

    /// <summary>The key in PKCS#8; null when it is not this certificate's.</summary>
    /// <exception cref="CryptographicException">It cannot be decrypted.</exception>
    private static byte[]? TryReadKey(X509Certificate2 certificate, string keyText, string keyFile, string label, string? password)
    {
        try
        {
            switch (certificate.GetKeyAlgorithm())
            {
                case Rsa:
                    using (var rsa = RSA.Create())
                    {
                        Import(rsa);
                        return IsOf(rsa) ? rsa.ExportPkcs8PrivateKey() : null;
                    }

                case EllipticCurve:
                    using (var ec = ECDsa.Create())
                    {
                        Import(ec);
                        return IsOf(ec) ? ec.ExportPkcs8PrivateKey() : null;
                    }

                default:
                    // Ed25519, Ed448, ML-DSA...: handed on as it is; the handshake shows whether it fits.
                    return label == PemKey.Plain
                        ? PemKey.Decode(keyText, label)
                        : throw Unusable(keyFile, "a key of this kind must be in PKCS#8 without encryption: openssl pkcs8 -topk8 -nocrypt -in FILE -out NEWFILE");
            }
        }
        catch (Exception e) when (e is ArgumentException || (e is CryptographicException && label != PemKey.Encrypted))
        {
            return null; // a key of another kind
        }

        void Import(AsymmetricAlgorithm algorithm)
        {
            if (label == PemKey.Encrypted)
                algorithm.ImportFromEncryptedPem(PemKey.Section(keyText, label), password);
            else
                algorithm.ImportFromPem(PemKey.Section(keyText, label));
        }

        bool IsOf(AsymmetricAlgorithm algorithm) => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(algorithm.ExportSubjectPublicKeyInfo());
    }

    /// <summary>The client's own, then each one's issuer as far as it is there; a self-signed authority is left out, the server has it or does not trust it.</summary>
    private static List<ReadOnlyMemory<byte>> Order(X509Certificate2 own, X509Certificate2Collection all)
    {
        var chain = new List<ReadOnlyMemory<byte>> { own.RawData };
        var rest = all.Where(certificate => certificate != own).ToList();
        for (var current = own; ;)
        {
            var issuer = rest.Find(candidate => candidate.SubjectName.RawData.AsSpan().SequenceEqual(current.IssuerName.RawData));
            if (issuer is null || issuer.SubjectName.RawData.AsSpan().SequenceEqual(issuer.IssuerName.RawData))
                return chain;
            chain.Add(issuer.RawData);
            rest.Remove(issuer);
            current = issuer;
        }
    }

    private static bool IsPem(ReadOnlySpan<byte> bytes) => bytes.IndexOf("-----BEGIN "u8) >= 0;

    private static byte[] Read(string file, bool isSecret)
    {
        try
        {
            if (isSecret && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw Unusable(file, $"it holds a private key and every user can read it; protect it: chmod 600 {file}");
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(file, e.Message, e);
        }
    }

    private static RemoteException Unusable(string file, string why, Exception? cause = null) =>
        new(RemoteError.AuthenticationFailed, $"The client certificate cannot be used: {file}: {why}.", cause);

    private sealed class OwnedCertificates : IDisposable
    {
        public X509Certificate2Collection Collection { get; } = [];

        public void Dispose()
        {
            foreach (var certificate in Collection)
                certificate.Dispose();
        }
    }
}
