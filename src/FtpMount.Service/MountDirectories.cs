using System.Security.Cryptography;
using System.Text;
using FtpMount.Service.Options;

namespace FtpMount.Service;

/// <summary>
/// The folders of one mount on this machine. They are named by what is mounted where, so that the next mount of the same URL at the same place
/// finds what the last one left, and no two mounts share one.
/// </summary>
/// <param name="Cache">What can be fetched again.</param>
/// <param name="State">What must survive.</param>
/// <param name="DefaultLogFile">Where a mount in the background logs when no log-file is given.</param>
public sealed record MountDirectories(string Cache, string State, string DefaultLogFile)
{
    /// <summary>
    /// Where what servers can do is remembered: for all mounts and <c>doctor</c>, because it is about the server and not about the mount. Made when it is first needed.
    /// </summary>
    public required string Sites { get; init; }

    /// <summary>What the names of the state folders of all mounts of the same server by the same user begin with.</summary>
    public required string SitePrefix { get; init; }

    /// <summary>The state folders of other mounts of the same site, some of which may have ended without sending everything.</summary>
    public IEnumerable<string> OtherStates =>
        Directory.EnumerateDirectories(Path.GetDirectoryName(State)!, SitePrefix + "*").Where(d => d != State);

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The file of certificates that were trusted on first use; all mounts of a user share it.</summary>
    public string KnownCertificatesFile => Path.Combine(Path.GetDirectoryName(State)!, "known_certificates");

    /// <summary>Finds the folders of a mount; makes nothing.</summary>
    /// <param name="configuration">The mount.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="MountException">No home is known and the options do not name the folders.</exception>
    public static MountDirectories Find(MountConfiguration configuration, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(environment);
        var url = configuration.Url with { User = configuration.Credentials.User, Password = null };
        var key = SHA256.HashData(Encoding.UTF8.GetBytes($"{url}\n{configuration.MountPoint}"));
        var site = SHA256.HashData(Encoding.UTF8.GetBytes((url with { Path = "" }).ToString()));
        var host = new string([.. configuration.Url.Host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_').Take(64)]);
        var prefix = $"{host}-{Convert.ToHexStringLower(site.AsSpan(0, 4))}-";
        var name = $"{prefix}{Convert.ToHexStringLower(key.AsSpan(0, 8))}";
        var state = FindStateRoot(configuration.Options.StateDirectory, environment);
        var cache = CacheRoot(configuration.Options, environment);
        return new MountDirectories(Path.Combine(cache, name), Path.Combine(state, name), Path.Combine(state, name, "ftpmount.log"))
        {
            Sites = SitesIn(cache),
            SitePrefix = prefix,
        };
    }

    /// <summary>Where what servers can do is remembered, without a mount.</summary>
    /// <param name="options">The options.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="MountException">No home is known and the options do not name the folder.</exception>
    public static string FindSites(MountOptions options, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(environment);
        return SitesIn(CacheRoot(options, environment));
    }

    /// <summary>The folder in which the state folders of all mounts are.</summary>
    /// <param name="given">The option state-dir; null when it was not given.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="MountException">No home is known and the option does not name the folder.</exception>
    public static string FindStateRoot(string? given, Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return given ?? Default("state-dir", "XDG_STATE_HOME", ".local/state", environment);
    }

    private static string CacheRoot(MountOptions options, Func<string, string?> environment) =>
        options.CacheDirectory ?? Default("cache-dir", "XDG_CACHE_HOME", ".cache", environment);

    private static string SitesIn(string cache) => Path.Combine(cache, "sites");

    /// <summary>Makes the folders, for this user only.</summary>
    /// <exception cref="MountException">One cannot be made.</exception>
    public void Create()
    {
        Create(State, "state-dir");
        Create(Cache, "cache-dir");
    }

    private static void Create(string directory, string option)
    {
        try
        {
            Directory.CreateDirectory(directory, Private);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MountException($"The folder {directory} cannot be made; name another one with the option {option}=DIR ({exception.Message})", exception);
        }
    }

    private static string Default(string option, string variable, string belowHome, Func<string, string?> environment)
    {
        // The XDG base directory specification: a relative value is to be ignored.
        if (environment(variable) is { } given && Path.IsPathRooted(given))
            return Path.Combine(given, "ftpmount");
        var home = environment("HOME");
        if (string.IsNullOrEmpty(home))
            home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return Path.IsPathRooted(home)
            ? Path.Combine(home, belowHome, "ftpmount")
            : throw new MountException($"This user has no home folder; name a folder with the option {option}=DIR");
    }
}
