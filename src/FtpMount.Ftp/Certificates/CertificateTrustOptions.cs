namespace FtpMount.Ftp.Certificates;

/// <summary>Which certificates of the server are accepted, and what this side shows of its own.</summary>
public sealed record CertificateTrustOptions
{
    /// <summary>How a certificate is judged; without meaning when there are <see cref="Fingerprints"/>.</summary>
    public CertificateVerification Verification { get; init; }

    /// <summary>
    /// A file of authorities (one or more PEM certificates, or one DER certificate) that are trusted instead of the system's. An intermediate or a server's own
    /// certificate may stand there, too; it is then the end of the chain.
    /// </summary>
    public string? AuthorityFile { get; init; }

    /// <summary>When there are any, exactly these certificates are accepted, whatever their names, dates and issuers are, and no others.</summary>
    public IReadOnlyList<CertificateFingerprint> Fingerprints { get; init; } = [];

    /// <summary>Where <see cref="CertificateVerification.TrustOnFirstUse"/> remembers certificates; needed for it.</summary>
    public string? KnownCertificatesFile { get; init; }

    /// <summary>This side's own certificate, PEM (with its chain, perhaps with its key) or PKCS#12; null when the server asks for none.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>The key of the client certificate (PEM), when it is in a file of its own.</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>What decrypts the key, or the PKCS#12 file.</summary>
    public string? ClientCertificatePassword { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Verification}, {Fingerprints.Count} fingerprints";
}
