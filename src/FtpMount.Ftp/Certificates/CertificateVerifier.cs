using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FtpMount.Ftp.Control;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Certificates;

/// <summary>
/// Decides whether the certificate of a server is accepted: by fingerprint when fingerprints are given; else by
/// <see cref="CertificateTrustOptions.Verification"/>. The chain is built from what the server sent, the system's authorities or those of a file (RFC 5280), at the
/// time of the clock that is passed in; nothing is fetched from the network, neither missing intermediates nor revocation lists, because both would ask third
/// parties, without a deadline, on the way to a file. The host name is compared by <see cref="ServerIdentity"/>. Thread-safe.
/// </summary>
public sealed class CertificateVerifier
{
    /// <summary>No real chain is longer; the rest of a longer one is not looked at.</summary>
    private const int LongestChain = 16;

    private const string SubjectAlternativeName = "2.5.29.17";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string AnyExtendedKeyUsage = "2.5.29.37.0";

    private readonly CertificateTrustOptions _options;
    private readonly ServerIdentity _identity;
    private readonly string _host;
    private readonly int _port;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lazy<X509Certificate2Collection?> _authorities;
    private int _warned;

    /// <summary>Makes a verifier for one server. Files are read when they are first needed.</summary>
    /// <param name="options">What is accepted.</param>
    /// <param name="host">The host as the user wrote it; IPv6 without brackets.</param>
    /// <param name="port">The port of the control connection.</param>
    /// <param name="time">The clock that says what is valid now.</param>
    /// <param name="logger">Told what is trusted for the first time, and that verification is off.</param>
    public CertificateVerifier(CertificateTrustOptions options, string host, int port, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        _options = options;
        _identity = new ServerIdentity(host);
        _host = host;
        _port = port;
        _time = time;
        _logger = logger;
        // An error is not kept: the file may be there the next time.
        _authorities = new Lazy<X509Certificate2Collection?>(ReadAuthorities, LazyThreadSafetyMode.PublicationOnly);
    }

    /// <summary>Returns when the certificate is accepted.</summary>
    /// <param name="chain">The certificates in DER, the server's own first, the others as the server sent them.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Untrusted"/>: says why, what the certificate is, and which option would accept it.</exception>
    public void Verify(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (_options.Fingerprints.Count == 0 && _options.Verification == CertificateVerification.Off)
        {
            if (Interlocked.Exchange(ref _warned, 1) == 0)
                _logger.LogWarning("{Server}: the certificate is not verified (tls-verify=off); anyone in between can read and change everything", Server);
            return;
        }

        if (chain.Count == 0)
            throw new RemoteException(RemoteError.Untrusted, $"{Server} shows no certificate, so it cannot be told from an impostor.");
        var fingerprint = CertificateFingerprint.Of(chain[0].Span);
        if (_options.Fingerprints.Count > 0)
        {
            if (!_options.Fingerprints.Contains(fingerprint))
                throw WithDescription(chain, fingerprint, ["it is not the one that tls-fingerprint names; either it was replaced, or someone is in between"]);
            return;
        }

        if (_options.Verification == CertificateVerification.TrustOnFirstUse)
            VerifyByMemory(chain, fingerprint);
        else if (FindFaults(chain) is { Count: > 0 } faults)
            throw WithDescription(chain, fingerprint, faults);
    }

    private string Server => $"{_host} port {_port}";

    private void VerifyByMemory(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateFingerprint fingerprint)
    {
        if (_options.KnownCertificatesFile is not { } file)
            throw new RemoteException(RemoteError.Untrusted, "Trust on first use needs a file to remember certificates in.");
        var name = _identity.Canonical.Contains(':', StringComparison.Ordinal) ? $"[{_identity.Canonical}]" : Uri.EscapeDataString(_identity.Canonical);
        var server = string.Create(CultureInfo.InvariantCulture, $"{name}:{_port}");
        var now = _time.GetUtcNow();
        var known = new KnownCertificates(file).FindOrAdd(server, fingerprint, now, out var line);
        if (known != fingerprint)
        {
            throw WithDescription(
                chain,
                fingerprint,
                [$"IT HAS CHANGED: until now the server showed {known}; either it was replaced, or someone is in between. If it was replaced, remove line {line} of {file}"]);
        }

        _logger.LogDebug("{Server} shows the certificate that is known, {Fingerprint}", Server, fingerprint);
        if (Interlocked.Exchange(ref _warned, 1) == 0)
            _logger.LogInformation("{Server} is trusted by its certificate {Fingerprint}, line {Line} of {File} (tls-verify=tofu)", Server, fingerprint, line, file);
    }

    private List<string> FindFaults(IReadOnlyList<ReadOnlyMemory<byte>> chain)
    {
        using var sent = new CertificateList();
        if (chain[0].IsEmpty)
            return ["it is empty"];
        try
        {
            foreach (var certificate in chain.Take(LongestChain).Where(der => !der.IsEmpty))
                sent.Add(X509CertificateLoader.LoadCertificate(certificate.Span));
        }
        catch (CryptographicException) when (sent.Certificates.Count > 0)
        {
            // What follows the server's own certificate is an offer of the server; what cannot be read is of no help.
        }
        catch (CryptographicException)
        {
            return ["it is malformed"];
        }

        var leaf = sent.Certificates[0];
        var faults = FindNameFaults(leaf);
        FindUsageFault(leaf, faults);
        FindChainFaults(leaf, sent.Certificates, faults);
        return faults;
    }

    private List<string> FindNameFaults(X509Certificate2 leaf)
    {
        if (leaf.Extensions[SubjectAlternativeName] is not { } extension)
            return [$"it names no server (it has no subject alternative name; a common name alone does not count), so it does not prove to be for {_host}"];
        try
        {
            if (_identity.IsIn(extension.RawData, out var presented))
                return [];
            return [presented.Count == 0
                ? $"it names no server, so it does not prove to be for {_host}"
                : $"it is for {string.Join(", ", presented)} and not for {_host}"];
        }
        catch (AsnContentException)
        {
            return ["the names in it are malformed"];
        }
    }

    private static void FindUsageFault(X509Certificate2 certificate, List<string> faults)
    {
        if (!MayServe(certificate))
            faults.Add("it is not meant for servers (extended key usage)");
    }

    private static bool MayServe(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()
                .All(usage => usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value is ServerAuthentication or AnyExtendedKeyUsage));
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private void FindChainFaults(X509Certificate2 leaf, X509Certificate2Collection sent, List<string> faults)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        policy.VerificationTimeIgnored = false;
        policy.ExtraStore.AddRange(sent);
        var authorities = _authorities.Value;
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        try
        {
            if (!chain.Build(leaf))
                DescribeStatus(chain, authorities, faults);
            for (var i = 1; i < chain.ChainElements.Count - 1; i++)
            {
                if (!MayServe(chain.ChainElements[i].Certificate))
                    faults.Add($"its issuer {Printable(chain.ChainElements[i].Certificate.Subject)} may not issue certificates for servers (extended key usage)");
            }
        }
        catch (CryptographicException)
        {
            faults.Add("its chain cannot be built");
        }
        finally
        {
            foreach (var element in chain.ChainElements)
                element.Certificate.Dispose();
        }
    }

    private void DescribeStatus(X509Chain chain, X509Certificate2Collection? authorities, List<string> faults)
    {
        var elements = chain.ChainElements;
        var all = X509ChainStatusFlags.NoError;
        foreach (var status in chain.ChainStatus)
            all |= status.Status;
        foreach (var element in elements)
        {
            foreach (var status in element.ChainElementStatus)
                all |= status.Status;
        }

        // A file of authorities may hold an intermediate or the server's own certificate: then the chain need not go on from there.
        var end = elements.Count == 0 ? null : elements[^1].Certificate;
        if (authorities is not null && end is not null && authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(end.RawDataMemory.Span)))
            all &= ~(X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot);

        var known = X509ChainStatusFlags.NoError;
        void Add(X509ChainStatusFlags flag, string fault)
        {
            known |= flag;
            if ((all & flag) != 0 && !faults.Contains(fault))
                faults.Add(fault);
        }

        if ((all & X509ChainStatusFlags.NotTimeValid) != 0)
            DescribeDates(elements, faults);
        known |= X509ChainStatusFlags.NotTimeValid;
        var trusted = _options.AuthorityFile is { } file ? $"the authorities in {file}" : "this system's authorities";
        Add(X509ChainStatusFlags.UntrustedRoot, elements.Count == 1
            ? "it is self-signed"
            : $"its authority {Printable(end?.Subject ?? "")} is not among {trusted}");
        Add(X509ChainStatusFlags.PartialChain, $"its issuer {Printable(end?.Issuer ?? "")} is neither among {trusted} nor sent by the server");
        Add(X509ChainStatusFlags.NotSignatureValid, "a signature in its chain is wrong");
        Add(X509ChainStatusFlags.InvalidBasicConstraints, "its issuer is no authority");
        Add(X509ChainStatusFlags.NotValidForUsage, "its chain is not meant for this use");
        Add(
            X509ChainStatusFlags.InvalidNameConstraints | X509ChainStatusFlags.HasNotSupportedNameConstraint | X509ChainStatusFlags.HasNotDefinedNameConstraint
                | X509ChainStatusFlags.HasNotPermittedNameConstraint | X509ChainStatusFlags.HasExcludedNameConstraint,
            "its authority may not issue certificates for this name");
        Add(X509ChainStatusFlags.HasWeakSignature, "its signature is of a weak kind");
        Add(X509ChainStatusFlags.Revoked | X509ChainStatusFlags.ExplicitDistrust, "it was revoked");
        Add(X509ChainStatusFlags.HasNotSupportedCriticalExtension, "it has a critical extension that is not understood");
        Add(X509ChainStatusFlags.InvalidExtension, "an extension in it is malformed");
        if ((all & ~known) is var rest and not X509ChainStatusFlags.NoError)
            faults.Add($"its chain is not valid ({rest})");
    }

    private void DescribeDates(X509ChainElementCollection elements, List<string> faults)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        foreach (var element in elements)
        {
            var certificate = element.Certificate;
            var which = certificate == elements[0].Certificate ? "it" : $"the certificate of its issuer {Printable(certificate.Subject)}";
            if (now > certificate.NotAfter.ToUniversalTime())
                faults.Add($"{which} expired on {Date(certificate.NotAfter)}");
            else if (now < certificate.NotBefore.ToUniversalTime())
                faults.Add($"{which} is not valid before {Date(certificate.NotBefore)} (this machine's clock says {Date(now)})");
        }

        if (faults.Count == 0)
            faults.Add("it is not valid at this time");
    }

    private X509Certificate2Collection? ReadAuthorities()
    {
        if (_options.AuthorityFile is not { } file)
            return null;
        try
        {
            var bytes = File.ReadAllBytes(file);
            var authorities = new X509Certificate2Collection();
            if (bytes.AsSpan().IndexOf("-----BEGIN "u8) >= 0)
                authorities.ImportFromPem(System.Text.Encoding.Latin1.GetString(bytes));
            else if (bytes.Length > 0)
                authorities.Add(X509CertificateLoader.LoadCertificate(bytes));
            return authorities.Count > 0
                ? authorities
                : throw new RemoteException(RemoteError.Untrusted, $"The file of authorities {file} (tls-ca) has no certificate in it.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RemoteException(RemoteError.Untrusted, $"The file of authorities {file} (tls-ca) cannot be read: {e.Message}", e);
        }
        catch (CryptographicException e)
        {
            throw new RemoteException(RemoteError.Untrusted, $"The file of authorities {file} (tls-ca) is neither PEM nor DER.", e);
        }
    }

    private RemoteException WithDescription(IReadOnlyList<ReadOnlyMemory<byte>> chain, CertificateFingerprint fingerprint, IReadOnlyList<string> faults)
    {
        string what;
        try
        {
            using var leaf = X509CertificateLoader.LoadCertificate(chain[0].Span);
            what = $"Subject {Printable(leaf.Subject)}; issuer {Printable(leaf.Issuer)}; valid from {Date(leaf.NotBefore)} to {Date(leaf.NotAfter)}; fingerprint {fingerprint}.";
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            what = $"Fingerprint {fingerprint}.";
        }

        return new RemoteException(
            RemoteError.Untrusted,
            $"The certificate of {Server} is not accepted: {string.Join("; ", faults)}. {what} If you know that this fingerprint is the server's, "
                + $"-o tls-fingerprint={fingerprint} accepts exactly this certificate.");
    }

    private static string Date(DateTime date) => date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Printable(string name)
    {
        const int LongestName = 200;
        var text = FtpReply.Printable(name.Length > LongestName ? name[..LongestName] + "..." : name);
        return text.Length == 0 ? "(empty)" : $"'{text}'";
    }

    /// <summary>Certificates that end with it.</summary>
    private sealed class CertificateList : IDisposable
    {
        public X509Certificate2Collection Certificates { get; } = [];

        public void Add(X509Certificate2 certificate) => Certificates.Add(certificate);

        public void Dispose()
        {
            foreach (var certificate in Certificates)
                certificate.Dispose();
        }
    }
}
