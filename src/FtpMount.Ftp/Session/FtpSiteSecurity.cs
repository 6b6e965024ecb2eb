using System.Net.Sockets;
using FtpMount.Ftp.Certificates;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <summary>
/// TLS of one site: the handshakes, and whether the server is who it should be. The certificate of a control connection is judged before anything is sent on it; a data
/// connection must come from the same server: it resumes the session of its control connection, or shows the same certificate.
/// </summary>
internal sealed class FtpSiteSecurity(FtpOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    // A failure is not kept: the file of the client certificate may be there the next time.
    private readonly Lazy<TlsClient> _client = new(
        () => TlsClient.Create(options.Tls, options.Host, LoadCertificate(options.Trust)), LazyThreadSafetyMode.PublicationOnly);

    private readonly CertificateVerifier _verifier = new(options.Trust, options.Host, options.Port, time, logger);
    private bool _told;

    /// <summary>Encrypts a control connection.</summary>
    /// <param name="socket">Still the caller's after an exception.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Untrusted"/>: the certificate, or no common version. <see cref="RemoteError.Offline"/>, <see cref="RemoteError.TimedOut"/>.</exception>
    public async ValueTask<TlsTransport> SecureControlAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(time, options.Timeout);
        TlsTransport transport;
        try
        {
            transport = await _client.Value.ConnectAsync(socket, null, deadline.Start(cancellationToken));
        }
        catch (OperationCanceledException e) when (deadline.HasExpired)
        {
            throw new RemoteException(RemoteError.TimedOut, $"{Server} did not finish the TLS handshake within {options.Timeout.TotalSeconds:0.#} s.", e);
        }
        catch (TlsException e)
        {
            throw Describe(e);
        }
        catch (SocketException e)
        {
            throw new RemoteException(RemoteError.Offline, $"{Server} broke off the TLS handshake: {e.Message}.", e);
        }

        try
        {
            _verifier.Verify(transport.PeerCertificates);
        }
        catch
        {
            transport.Dispose();
            throw;
        }

        if (!_told)
        {
            _told = true;
            logger.LogInformation("{Server} is spoken to with {Tls}", Server, transport.Description);
        }

        return transport;
    }

    /// <summary>Encrypts a data connection.</summary>
    /// <param name="socket">Still the caller's after an exception.</param>
    /// <param name="control">The control connection that it belongs to.</param>
    /// <param name="resumes">Whether the session of the control connection is offered.</param>
    /// <param name="cancellationToken">The caller's, with a limit of time.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Untrusted"/>: it is not the server of the control connection.</exception>
    /// <exception cref="TlsException">The handshake failed.</exception>
    /// <exception cref="SocketException">The connection was lost.</exception>
    public async ValueTask<TlsTransport> SecureDataAsync(Socket socket, TlsTransport control, bool resumes, CancellationToken cancellationToken)
    {
        var transport = await _client.Value.ConnectAsync(socket, resumes ? control : null, cancellationToken);
        if (transport.IsResumed || IsSame(transport.PeerCertificates, control.PeerCertificates))
            return transport;
        transport.Dispose();
        throw new RemoteException(
            RemoteError.Untrusted,
            $"{Server} shows another certificate on the data connection than on the control connection. Somebody may be in between; nothing was sent or taken.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
    }

    private string Server => $"{options.Host} port {options.Port}";

    private RemoteException Describe(TlsException failure)
    {
        var tls = options.Tls;
        return failure.Failure switch
        {
            TlsFailure.Version => new RemoteException(
                RemoteError.Untrusted,
                $"{Server} does not speak {Versions(tls)} ({failure.Message}). Options: {(tls.Minimum == TlsVersion.Tls13 ? "tls-min=1.2" : tls.Maximum == TlsVersion.Tls12 ? "tls-max=1.3" : "none: older versions are not safe")}.",
                failure),
            TlsFailure.ClientCertificate => new RemoteException(
                RemoteError.AuthenticationFailed, $"{Server} refuses the TLS connection: it wants a client certificate that it trusts ({failure.Message}).", failure),
            TlsFailure.Closed => new RemoteException(
                RemoteError.Offline, $"{Server} closed the connection in the middle of the TLS handshake.", failure),
            TlsFailure.NotTls => new RemoteException(
                RemoteError.ProtocolViolation,
                options.Tls.Mode == FtpTlsMode.Implicit
                    ? $"{Server} does not speak TLS from the first byte on. Perhaps it wants explicit TLS: ftpes:// or tls=required, usually on port 21."
                    : $"{Server} agreed to TLS and then did not speak it.",
                failure),
            _ => new RemoteException(RemoteError.Untrusted, $"{Server}: no TLS connection, {failure.Message}.", failure),
        };
    }

    private static string Versions(FtpTlsOptions tls) =>
        tls.Minimum == tls.Maximum ? Name(tls.Minimum) : $"{Name(tls.Minimum)} or {Name(tls.Maximum)}";

    private static string Name(TlsVersion version) => version == TlsVersion.Tls13 ? "TLS 1.3" : "TLS 1.2";

    private static bool IsSame(IReadOnlyList<ReadOnlyMemory<byte>> left, IReadOnlyList<ReadOnlyMemory<byte>> right) =>
        left.Count > 0 && right.Count > 0 && left[0].Span.SequenceEqual(right[0].Span);

    private static ClientCertificate? LoadCertificate(CertificateTrustOptions trust) =>
        trust.ClientCertificateFile is { } file ? ClientCertificate.Load(file, trust.ClientKeyFile, trust.ClientCertificatePassword) : null;
}
