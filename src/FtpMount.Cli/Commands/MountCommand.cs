using FtpMount.Cli.Background;
using FtpMount.Cli.Secrets;
using FtpMount.Service;
using FtpMount.Service.MountPoints;
using FtpMount.Service.Options;
using FtpMount.Service.Secrets;
using FtpMount.Service.Urls;

namespace FtpMount.Cli.Commands;

/// <summary>
/// <c>ftpmount mount</c>: checks everything that needs no server, finds the password, then serves the mount here (<c>-f</c>) or in a process in the background.
/// </summary>
internal static class MountCommand
{
    private const string PasswordWarning =
        "warning: a password in the URL can be read in the shell's history and, for a moment, in the process list; better: password-file=FILE, ~/.netrc or FTPMOUNT_PASSWORD";

    private const string ProxyPasswordWarning =
        "warning: a password in proxy= can be read in the shell's history and, for a moment, in the process list; better: proxy-password-file=FILE";

    internal static async Task<int> RunAsync(MountRequest request, HandedSecrets secrets)
    {
        using var signals = new Signals.StopSignals();
        var options = MountOptionParser.Parse(request.OptionLists, request.Sloppy);
        var url = ParseUrl(request.Url, secrets);
        _ = TlsSettings.Resolve(url, options);
        var mountPoint = await MountPreconditions.CheckAsync(request.MountPoint, options.AllowOther, TimeProvider.System, Messages.Write, signals.First);
        var configuration = Configure(url, request.Url, mountPoint, options, secrets, request.Fake ? static _ => "" : TerminalPrompt.Ask);
        var directories = MountDirectories.Find(configuration, Environment.GetEnvironmentVariable);
        if (request.Fake)
            return ExitCode.Done;
        if (request.Foreground)
            return await MountService.RunAsync(configuration, directories, new TerminalReadiness(configuration), signals);
        await BackgroundProcess.StartAsync(configuration, signals.First);
        if (request.Verbose)
            Messages.Write($"{url} is mounted on {mountPoint}");
        return ExitCode.Done;
    }

    /// <summary>The URL with the password that was taken out of the command line.</summary>
    internal static RemoteUrl ParseUrl(string text, HandedSecrets secrets)
    {
        var url = RemoteUrl.Parse(text);
        if (secrets.UrlPassword is { } written)
        {
            url = url with { Password = RemoteUrl.DecodePassword(written) };
            Messages.Write(PasswordWarning);
        }

        return url;
    }

    /// <summary>Finds the secrets, and puts everything together.</summary>
    internal static MountConfiguration Configure(
        RemoteUrl url, string source, string mountPoint, MountOptions options, HandedSecrets secrets, Func<string, string?> prompt)
    {
        var credentials = CredentialResolver.Resolve(url, new CredentialSources
        {
            EnvironmentPassword = secrets.EnvironmentPassword,
            PasswordFile = options.PasswordFile,
            NetrcFile = NetrcFile,
            Prompt = prompt,
            Warn = Messages.Write,
        });
        if (secrets.ProxyPassword is not null)
            Messages.Write(ProxyPasswordWarning);
        var proxy = ProxyResolver.Resolve(options, url, secrets.ProxyPassword, Environment.GetEnvironmentVariable, prompt);
        return new MountConfiguration
        {
            Url = url with { Password = null },
            Credentials = credentials,
            MountPoint = mountPoint,
            Source = source,
            Options = options with { Proxy = proxy is null ? null : ProxyUrl.Format(proxy) },
            ProxyPassword = proxy?.Password,
            ClientKeyPassword = options.ClientKeyPasswordFile is { } file ? PasswordFile.Read(file) : null,
        };
    }

    private static string? NetrcFile
    {
        get
        {
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
            return home.Length == 0 ? null : Path.Combine(home, ".netrc");
        }
    }
}
