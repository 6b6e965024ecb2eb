namespace FtpMount.Sftp.Configuration;

/// <summary>What of this machine and user decides how an SSH connection is made.</summary>
internal sealed record SshEnvironment
{
    /// <summary>The user's home folder; empty when there is none.</summary>
    public required string HomeDirectory { get; init; }

    /// <summary>The name of the user of this process.</summary>
    public required string UserName { get; init; }

    /// <summary>The name of this machine, with its domain where it has one.</summary>
    public required string MachineName { get; init; }

    /// <summary>The user's configuration file.</summary>
    public required string UserConfigurationFile { get; init; }

    /// <summary>The system's configuration file.</summary>
    public required string SystemConfigurationFile { get; init; }

    /// <summary>The system's known_hosts files.</summary>
    public required IReadOnlyList<string> SystemKnownHostsFiles { get; init; }

    /// <summary>The value of an environment variable; null when it is not set.</summary>
    public required Func<string, string?> GetVariable { get; init; }

    /// <summary>This process's.</summary>
    public static SshEnvironment Current()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return new SshEnvironment
        {
            HomeDirectory = home,
            UserName = Environment.UserName,
            MachineName = Environment.MachineName,
            UserConfigurationFile = Path.Combine(home, ".ssh", "config"),
            SystemConfigurationFile = "/etc/ssh/ssh_config",
            SystemKnownHostsFiles = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
            GetVariable = Environment.GetEnvironmentVariable,
        };
    }

    /// <summary>A path with <c>~</c> and <c>~/</c> at its beginning replaced by the home folder.</summary>
    public string ExpandHome(string path) =>
        path == "~" ? HomeDirectory
        : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(HomeDirectory, path[2..])
        : path;
}
