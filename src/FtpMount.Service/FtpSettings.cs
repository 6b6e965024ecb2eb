using System.Net;
using System.Text;
using FtpMount.Ftp;
using FtpMount.Ftp.Certificates;
using FtpMount.Remote.Network;
using FtpMount.Service.Options;
using FtpMount.Service.Urls;

namespace FtpMount.Service;

/// <summary>From what a user configures to what the FTP client takes: the same for a mount and for <c>doctor</c>.</summary>
public static class FtpSettings
{
    /// <summary>Translates.</summary>
    /// <param name="configuration">What is mounted, and how.</param>
    /// <param name="directories">The mount's folders.</param>
    /// <exception cref="MountException">An option has a value that makes no sense.</exception>
    public static FtpOptions From(MountConfiguration configuration, MountDirectories directories)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(directories);
        var options = configuration.Options;
        var defaults = new FtpOptions
        {
            Host = configuration.Url.Host,
            Port = TlsSettings.PortOf(configuration.Url, options),
            User = configuration.Credentials.User,
            Password = configuration.Credentials.Password,
            Account = configuration.Credentials.Account,
            Path = configuration.Url.Path,
            MemoryDirectory = directories.Sites,
        };
        return defaults with
        {
            Connections = options.Connections ?? defaults.Connections,
            Timeout = options.Timeout ?? defaults.Timeout,
            Encoding = ToEncoding(options.Encoding),
            Compression = options.Compression ?? defaults.Compression,
            Trust = ToTrustOptions(configuration, directories),
            Network = ToNetworkOptions(configuration),
            Tls = TlsSettings.Resolve(configuration.Url, options),
            DataMode = options.DataConnections switch
            {
                DataConnectionMode.Epsv => FtpDataMode.Epsv,
                DataConnectionMode.Pasv => FtpDataMode.Pasv,
                DataConnectionMode.Active => FtpDataMode.Active,
                _ => FtpDataMode.Auto,
            },
        };
    }

    private static NetworkOptions ToNetworkOptions(MountConfiguration configuration)
    {
        var options = configuration.Options;
        return new NetworkOptions
        {
            Proxy = options.Proxy is { } proxy ? ProxyUrl.Parse(proxy) with { Password = configuration.ProxyPassword } : null,
            BindAddress = options.BindAddress is { } address ? IPAddress.Parse(address) : null,
            Rates = options.LimitRate is { } rates ? RateText.Parse(rates) : null,
        };
    }

    private static CertificateTrustOptions ToTrustOptions(MountConfiguration configuration, MountDirectories directories)
    {
        var options = configuration.Options;
        var fingerprints = new List<CertificateFingerprint>();
        foreach (var text in options.CertificateFingerprints?.Split(';') ?? [])
        {
            if (CertificateFingerprint.TryParse(text, out var fingerprint))
                fingerprints.Add(fingerprint);
            else
                throw new MountException($"{text} is not a fingerprint");
        }

        return new CertificateTrustOptions
        {
            Verification = options.CertificateVerification ?? CertificateVerification.System,
            AuthorityFile = options.AuthorityFile,
            Fingerprints = fingerprints,
            KnownCertificatesFile = directories.KnownCertificatesFile,
            ClientCertificateFile = options.ClientCertificateFile,
            ClientKeyFile = options.ClientKeyFile,
            ClientCertificatePassword = configuration.ClientKeyPassword,
        };
    }

    /// <summary>The charset of a name that was checked; null for UTF-8.</summary>
    internal static Encoding? ToEncoding(string? name)
    {
        if (name is null)
            return null;
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        return Encoding.GetEncoding(name);
    }
}
