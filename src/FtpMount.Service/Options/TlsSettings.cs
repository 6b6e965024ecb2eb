using FtpMount.Ftp;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Options;

/// <summary>What the URL and the options say together about TLS: <c>ftps://</c> is implicit, <c>ftpes://</c> required, <c>ftp://</c> what <c>tls=</c> says.</summary>
public static class TlsSettings
{
    /// <summary>The port of FTP inside TLS from the first byte on.</summary>
    private const int ImplicitPort = 990;

    /// <summary>The settings for the protocol.</summary>
    /// <exception cref="UsageException">URL and options contradict each other.</exception>
    public static FtpTlsOptions Resolve(RemoteUrl url, MountOptions options)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(options);
        FtpTlsMode? demanded = url.Scheme switch
        {
            RemoteScheme.FtpImplicitTls => FtpTlsMode.Implicit,
            RemoteScheme.FtpExplicitTls => FtpTlsMode.Required,
            _ => null,
        };
        if (demanded is { } mode && options.TlsMode is { } said && said != mode)
        {
            throw new UsageException(
                mode == FtpTlsMode.Implicit
                    ? $"ftps:// means TLS from the first byte on, which contradicts tls={Spell(said)}; for AUTH TLS write ftpes://"
                    : $"ftpes:// means AUTH TLS, which contradicts tls={Spell(said)}; write ftp:// with tls={Spell(said)}");
        }

        var result = new FtpTlsOptions
        {
            Mode = demanded ?? options.TlsMode ?? FtpTlsMode.Auto,
            Minimum = options.TlsMinimum ?? TlsVersion.Tls12,
            Maximum = options.TlsMaximum ?? TlsVersion.Tls13,
            ClearData = options.TlsClearData,
            ClearControlAfterLogin = options.TlsClearControl,
        };
        if (result.Minimum > result.Maximum)
            throw new UsageException("tls-min=1.3 and tls-max=1.2 leave no version");
        if (result.Mode == FtpTlsMode.Off && (options.TlsMinimum ?? options.TlsMaximum) is not null)
            throw new UsageException("tls-min and tls-max mean nothing with tls=off");
        return result;
    }

    /// <summary>The port of the control connection.</summary>
    public static int PortOf(RemoteUrl url, MountOptions options)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.Port ?? (Resolve(url, options).Mode == FtpTlsMode.Implicit ? ImplicitPort : url.EffectivePort);
    }

    private static string Spell(FtpTlsMode mode) => mode.ToString().ToLowerInvariant();
}
