using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FtpMount.Ftp.Certificates;
using FtpMount.Ftp.Transport.OpenSsl;
using FtpMount.Ftp.Transport.SslStreams;

namespace FtpMount.Ftp.Transport;

/// <summary>
/// Makes the TLS connections of one site. It does not judge certificates: who uses the connection looks at <see cref="TlsTransport.PeerCertificates"/> before anything
/// is sent on it.
/// <para>
/// Two implementations: libssl, because strict servers demand that a data connection resumes the session of its own control connection, which the runtime's SslStream
/// cannot be told to do (it keeps one session per host name in the process); and SslStream, where there is no libssl.
/// </para>
/// </summary>
internal abstract class TlsClient : IDisposable
{
    /// <summary>Makes the client of a site.</summary>
    /// <param name="options">Versions and library.</param>
    /// <param name="host">The server's name as in the options.</param>
    /// <param name="certificate">What this client shows when it is asked; null for nothing.</param>
    public static TlsClient Create(FtpTlsOptions options, string host, ClientCertificate? certificate)
    {
        var useOpenSsl = options.Library switch
        {
            TlsLibrary.OpenSsl => true,
            TlsLibrary.SslStream => false,
            _ => OpenSslClient.IsAvailable,
        };
        var name = ServerName(host);
        return useOpenSsl ? new OpenSslClient(options, name, certificate) : new SslStreamClient(options, name, certificate);
    }

    /// <summary>Does the handshake.</summary>
    /// <param name="socket">A connected socket. Owned by the result; still the caller's after an exception.</param>
    /// <param name="resumed">The connection whose session is to be resumed; null for a full handshake.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="TlsException">The handshake failed.</exception>
    /// <exception cref="SocketException">The connection was lost.</exception>
    public abstract ValueTask<TlsTransport> ConnectAsync(Socket socket, TlsTransport? resumed, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The name for server_name (RFC 6066 section 3): host names only, in ASCII, without the last dot; null for addresses.</summary>
    private static string? ServerName(string host)
    {
        if (IPAddress.TryParse(host, out _))
            return null;
        try
        {
            return new IdnMapping().GetAscii(host.TrimEnd('.'));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
