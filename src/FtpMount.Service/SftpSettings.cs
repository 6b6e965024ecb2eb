using FtpMount.Service.Options;
using FtpMount.Sftp;

namespace FtpMount.Service;

/// <summary>From what a user configures to what the SFTP client takes: the same for a mount and for <c>doctor</c>.</summary>
public static class SftpSettings
{
    /// <summary>Translates.</summary>
    /// <param name="configuration">What is mounted, and how.</param>
    /// <exception cref="MountException">An option has a value that makes no sense, or names a file that cannot be read.</exception>
    public static SftpOptions From(MountConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = configuration.Options;
        var defaults = new SftpOptions
        {
            Host = configuration.Url.Host,
            Port = configuration.Url.Port,
            User = configuration.Credentials.User is { Length: > 0 } user ? user : null,
            Password = configuration.Credentials.Password is { Length: > 0 } password ? password : null,
            Path = configuration.Url.Path,
        };
        return defaults with
        {
            Connections = options.Connections ?? defaults.Connections,
            Timeout = options.Timeout ?? defaults.Timeout,
            Encoding = FtpSettings.ToEncoding(options.Encoding),
            Transport = options.Transport ?? defaults.Transport,
            SshCommand = options.SshCommand,
            IdentityFiles = options.IdentityFiles?.Split('\0') ?? [],
            HostKey = options.HostKey is { } text && HostKeyPolicy.TryParse(text, out var policy) ? policy : defaults.HostKey,
            Links = options.Links ?? defaults.Links,
            IdMap = options.IdMap switch
            {
                IdMapKind.None => IdMap.None,
                IdMapKind.File => ReadIdMap(options),
                _ => IdMap.User,
            },
            LocalUserId = options.UserId,
            LocalGroupId = options.GroupId,
        };
    }

    private static IdMap ReadIdMap(MountOptions options)
    {
        try
        {
            return IdMap.FromLines(Lines(options.UserMapFile), Lines(options.GroupMapFile));
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new MountException($"idmap=file: {e.Message}", e);
        }

        static string[] Lines(string? file) => file is null ? [] : File.ReadAllLines(file);
    }
}
