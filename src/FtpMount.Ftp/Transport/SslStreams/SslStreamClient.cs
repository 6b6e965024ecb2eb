using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FtpMount.Ftp.Certificates;

namespace FtpMount.Ftp.Transport.SslStreams;

/// <summary>
/// TLS by the runtime's SslStream, where there is no libssl. The runtime keeps one session per host name, as it is spelled, for the whole process; so each control
/// connection spells the name in letters of another case, and its data connections the same way. Servers compare names without regard to case (RFC 6066 section 3).
/// A server that is named by its address gets no session resumed, because the runtime keeps none.
/// <para>
/// With TLS 1.3 the runtime hands each ticket out once and strict servers then see full handshakes; so TLS 1.2 is spoken unless that is forbidden.
/// </para>
/// </summary>
internal sealed class SslStreamClient : TlsClient
{
    private readonly FtpTlsOptions _options;
    private readonly string? _serverName;
    private readonly SslStreamCertificateContext? _certificate;
    private int _spellings;

    public SslStreamClient(FtpTlsOptions options, string? serverName, ClientCertificate? certificate)
    {
        _options = options;
        _serverName = serverName;
        _certificate = certificate is null ? null : Import(certificate);
    }

    /// <inheritdoc/>
    public override async ValueTask<TlsTransport> ConnectAsync(Socket socket, TlsTransport? resumed, CancellationToken cancellationToken)
    {
        var target = (resumed as SslStreamTransport)?.TargetHost ?? Spell();
        var certificates = new List<ReadOnlyMemory<byte>>();
        var records = new RecordStream(socket);
        var stream = new SslStream(records, leaveInnerStreamOpen: true);
        try
        {
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = target,
                    EnabledSslProtocols = Protocols(),
                    ClientCertificateContext = _certificate,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
#pragma warning disable CA5359 // The certificate is judged by CertificateVerifier, before anything is sent.
                    RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
                    {
                        Collect(certificate, chain, certificates);
                        return true;
                    },
#pragma warning restore CA5359
                },
                cancellationToken);
            return new SslStreamTransport(socket, records, stream, target, certificates);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await stream.DisposeAsync();
            throw Describe(e, records);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _certificate?.TargetCertificate.Dispose();
    }

    private SslProtocols Protocols()
    {
        // With both allowed: see above.
        if (_options.Minimum == TlsVersion.Tls12)
            return SslProtocols.Tls12;
        return SslProtocols.Tls13;
    }

    /// <summary>The name with the bits of a counter as the case of its letters.</summary>
    private string Spell()
    {
        if (_serverName is null)
            return "";
        var bits = (uint)Interlocked.Increment(ref _spellings) - 1;
        return string.Create(_serverName.Length, (_serverName, bits), static (target, source) =>
        {
            var rest = source.bits;
            for (var i = 0; i < target.Length; i++)
            {
                var c = source._serverName[i];
                if (char.IsAsciiLetter(c))
                {
                    c = (rest & 1) == 0 ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c);
                    rest >>= 1;
                }

                target[i] = c;
            }
        });
    }

    private static void Collect(X509Certificate? certificate, X509Chain? chain, List<ReadOnlyMemory<byte>> target)
    {
        if (certificate is null)
            return;
        target.Add(certificate.GetRawCertData());
        foreach (var issuer in chain?.ChainPolicy.ExtraStore ?? [])
        {
            if (!issuer.RawDataMemory.Span.SequenceEqual(target[0].Span))
                target.Add(issuer.RawData);
        }
    }

    private static TlsException Describe(Exception failure, RecordStream records)
    {
        if (records.EndSeen)
            return new TlsException(TlsFailure.Closed, "the server closed the connection", failure);
        var cause = failure.InnerException ?? failure;
        var text = cause.Message + " " + cause.InnerException?.Message;
        var kind = text.Contains("protocol version", StringComparison.OrdinalIgnoreCase) || text.Contains("unsupported protocol", StringComparison.OrdinalIgnoreCase)
            || text.Contains("ProtocolVersion", StringComparison.Ordinal)
            ? TlsFailure.Version
            : TlsFailure.Other;
        return new TlsException(kind, $"the handshake failed: {cause.Message}", failure);
    }

    private static SslStreamCertificateContext Import(ClientCertificate certificate)
    {
        using var own = X509CertificateLoader.LoadCertificate(certificate.Chain[0].Span);
        var withKey = WithKey(own, certificate.PrivateKey.Span);
        var issuers = new X509Certificate2Collection();
        foreach (var issuer in certificate.Chain.Skip(1))
            issuers.Add(X509CertificateLoader.LoadCertificate(issuer.Span));
        return SslStreamCertificateContext.Create(withKey, issuers, offline: true);
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, ReadOnlySpan<byte> key)
    {
        const string Rsa = "1.2.840.113549.1.1.1";
        if (certificate.PublicKey.Oid.Value == Rsa)
        {
            using var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(key, out _);
            return certificate.CopyWithPrivateKey(rsa);
        }

        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(key, out _);
        return certificate.CopyWithPrivateKey(ecdsa);
    }
}
