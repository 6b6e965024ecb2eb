using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using FtpMount.Ftp.Certificates;
using static FtpMount.Ftp.Transport.OpenSsl.LibSsl;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>TLS by libssl. Holds what the connections of a site have in common, the <c>SSL_CTX</c>.</summary>
internal sealed class OpenSslClient : TlsClient
{
    // Forward secrecy and authenticated encryption only (RFC 9325 section 4.2). The fastest first: all are beyond reach.
    private const string Ciphers12 =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

    private const string Ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

    private readonly SafeContextHandle _context;
    private readonly byte[]? _serverName;

    public OpenSslClient(FtpTlsOptions options, string? serverName, ClientCertificate? certificate)
    {
        _serverName = serverName is null ? null : [.. Encoding.ASCII.GetBytes(serverName), 0];
        ERR_clear_error();
        _context = new SafeContextHandle(SSL_CTX_new(TLS_client_method()));
        if (_context.IsInvalid)
            throw OpenSslError.Take("libssl makes no context");
        var context = _context.DangerousGetHandle();
        Check(SSL_CTX_ctrl(context, CtrlSetMinimumVersion, Version(options.Minimum), 0));
        Check(SSL_CTX_ctrl(context, CtrlSetMaximumVersion, Version(options.Maximum), 0));
        Check(SSL_CTX_set_cipher_list(context, Ciphers12));
        Check(SSL_CTX_set_ciphersuites(context, Ciphers13));
        SSL_CTX_set_options(context, OptionNoCompression | OptionNoRenegotiation);
        SSL_CTX_ctrl(context, CtrlMode, ModeEnablePartialWrite | ModeAcceptMovingWriteBuffer | ModeAutoRetry, 0);
        SSL_CTX_ctrl(context, CtrlSetSessionCacheMode, 0, 0); // sessions are handed on by hand
        SSL_CTX_set_verify(context, 0, 0); // the certificate is judged by CertificateVerifier
        SSL_CTX_ctrl(context, CtrlSetReadAhead, 1, 0); // header and content of a record in one call of the BIO
        if (certificate is not null)
            Use(context, certificate);
    }

    /// <summary>Whether libssl can be loaded.</summary>
    public static bool IsAvailable { get; } = OperatingSystem.IsLinux()
        && NativeLibrary.TryLoad(Ssl, typeof(OpenSslClient).Assembly, null, out _)
        && NativeLibrary.TryLoad(Crypto, typeof(OpenSslClient).Assembly, null, out _);

    /// <inheritdoc/>
    public override async ValueTask<TlsTransport> ConnectAsync(Socket socket, TlsTransport? resumed, CancellationToken cancellationToken)
    {
        var transport = new OpenSslTransport(socket, Create(resumed as OpenSslTransport));
        try
        {
            await transport.HandshakeAsync(cancellationToken);
            return transport;
        }
        catch
        {
            transport.Detach();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _context.Dispose();

    private unsafe SafeConnectionHandle Create(OpenSslTransport? resumed)
    {
        ERR_clear_error();
        var added = false;
        try
        {
            _context.DangerousAddRef(ref added);
            var handle = new SafeConnectionHandle(SSL_new(_context.DangerousGetHandle()));
            if (handle.IsInvalid)
                throw OpenSslError.Take("libssl makes no connection");
            var ssl = handle.DangerousGetHandle();
            if (_serverName is not null)
            {
                fixed (byte* name = _serverName)
                    SSL_ctrl(ssl, CtrlSetServerName, 0, (nint)name);
            }

            var session = resumed?.CopySession() ?? 0;
            if (session != 0)
            {
                _ = SSL_set_session(ssl, session); // without it the handshake is a full one
                SSL_SESSION_free(session);
            }

            SSL_set_connect_state(ssl);
            return handle;
        }
        finally
        {
            if (added)
                _context.DangerousRelease();
        }
    }

    private static unsafe void Use(nint context, ClientCertificate certificate)
    {
        fixed (byte* own = certificate.Chain[0].Span)
            CheckCertificate(SSL_CTX_use_certificate_ASN1(context, certificate.Chain[0].Length, own));
        foreach (var issuer in certificate.Chain.Skip(1))
        {
            fixed (byte* bytes = issuer.Span)
            {
                var input = bytes;
                var parsed = d2i_X509(null, &input, issuer.Length);
                CheckCertificate(parsed == 0 ? 0 : 1);
                if (SSL_CTX_ctrl(context, CtrlExtraChainCertificate, 0, parsed) == 0) // takes it over
                {
                    X509_free(parsed);
                    CheckCertificate(0);
                }
            }
        }

        fixed (byte* bytes = certificate.PrivateKey.Span)
        {
            var input = bytes;
            var key = d2i_AutoPrivateKey(null, &input, certificate.PrivateKey.Length);
            CheckCertificate(key == 0 ? 0 : 1);
            var used = SSL_CTX_use_PrivateKey(context, key);
            EVP_PKEY_free(key);
            CheckCertificate(used);
        }

        CheckCertificate(SSL_CTX_check_private_key(context));
    }

    private static nint Version(TlsVersion version) => version == TlsVersion.Tls13 ? Tls13 : Tls12;

    private static void Check(nint result)
    {
        if (result != 1)
            throw OpenSslError.Take("libssl refuses a setting");
    }

    private static void CheckCertificate(int result)
    {
        if (result != 1)
            throw OpenSslError.Take("The client certificate or its key cannot be used");
    }

    /// <summary>An <c>SSL_CTX</c>.</summary>
    private sealed class SafeContextHandle : SafeHandle
    {
        public SafeContextHandle(nint context)
            : base(0, ownsHandle: true) => SetHandle(context);

        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            SSL_CTX_free(handle);
            return true;
        }
    }
}
