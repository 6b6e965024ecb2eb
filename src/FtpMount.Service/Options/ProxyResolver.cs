using System.Net;
using FtpMount.Remote.Network;
using FtpMount.Service.Secrets;
using FtpMount.Service.Urls;

namespace FtpMount.Service.Options;

/// <summary>
/// Finds the proxy of a mount and its password. The environment is looked at only for <c>proxy=env</c>: a mount from fstab or a service must not depend on what
/// happens to be set where it is started.
/// </summary>
public static class ProxyResolver
{
    /// <summary>The value of the option that means the environment.</summary>
    public const string FromEnvironment = "env";

    /// <summary>Finds them.</summary>
    /// <param name="options">The options of the mount.</param>
    /// <param name="url">What is mounted.</param>
    /// <param name="handed">The password that was taken from the command line; null when there was none.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="prompt">Asks a person; gives null when there is no terminal.</param>
    /// <returns>The proxy with its password; null for none.</returns>
    /// <exception cref="UsageException">The environment's address is wrong, or a password file is given and no user.</exception>
    /// <exception cref="MountException">There is a user and no password.</exception>
    public static ProxyOptions? Resolve(
        MountOptions options, RemoteUrl url, string? handed, Func<string, string?> environment, Func<string, string?> prompt)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(prompt);
        if (options.Proxy is null)
            return options.ProxyPasswordFile is null ? null : throw new UsageException("proxy-password-file is given but no proxy");
        var proxy = options.Proxy == FromEnvironment ? Find(url, environment) : ProxyUrl.Parse(options.Proxy);
        if (proxy is null)
            return null;
        if (proxy.User is null)
        {
            return options.ProxyPasswordFile is null
                ? proxy
                : throw new UsageException($"proxy-password-file is given but no user; write proxy={(proxy.Kind == ProxyKind.Socks5 ? "socks5" : "http")}://user@{proxy.Host}");
        }

        var password = handed
            ?? proxy.Password
            ?? (options.ProxyPasswordFile is { } file ? PasswordFile.Read(file) : null)
            ?? prompt($"Password for {proxy.User} at the proxy {proxy.Host}: ")
            ?? throw new MountException($"No password for {proxy.User} at the proxy {proxy.Host}: put it into a file for the option proxy-password-file=FILE");
        return proxy with { Password = password };
    }

    /// <summary>As curl(1) does: the protocol's variable before the general one, lower case before upper case, and hosts that need none.</summary>
    private static ProxyOptions? Find(RemoteUrl url, Func<string, string?> environment)
    {
        if (IsExempt(url.Host, Get("no_proxy")))
            return null;
        var text = (url.Scheme == RemoteScheme.Sftp ? null : Get("ftp_proxy")) ?? Get("all_proxy");
        return text is null ? null : ProxyUrl.Parse(text);

        string? Get(string name)
        {
            var value = environment(name) ?? environment(name.ToUpperInvariant());
            return string.IsNullOrWhiteSpace(value) ? null : value.Trim();
        }
    }

    /// <summary>A list of hosts and domains (with or without a leading dot), addresses and networks (<c>10.0.0.0/8</c>), or <c>*</c>.</summary>
    private static bool IsExempt(string host, string? list)
    {
        var name = host.TrimEnd('.');
        foreach (var item in list?.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [])
        {
            var domain = item.TrimStart('.').TrimEnd('.');
            if (item == "*" || name.Equals(domain, StringComparison.OrdinalIgnoreCase))
                return true;
            if (domain.Length > 0 && name.Length > domain.Length && name.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase))
                return true;
            if (IPAddress.TryParse(name, out var address)
                && (IPNetwork.TryParse(item, out var network) ? network.Contains(address) : IPAddress.TryParse(item.Trim('[', ']'), out var one) && one.Equals(address)))
                return true;
        }

        return false;
    }
}
