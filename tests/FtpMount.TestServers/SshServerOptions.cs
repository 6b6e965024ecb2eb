namespace FtpMount.TestServers;

/// <summary>How an <see cref="SshTestServer"/> is configured.</summary>
public sealed record SshServerOptions
{
    /// <summary>Which program.</summary>
    public SftpServerKind Kind { get; init; } = SftpServerKind.OpenSsh;

    /// <summary>The loopback address to listen on: <c>127.0.0.1</c> or <c>::1</c>.</summary>
    public string ListenAddress { get; init; } = "127.0.0.1";

    /// <summary>Refuses everything that changes a file.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The most sessions over one connection (MaxSessions).</summary>
    public int MaxSessions { get; init; } = 100;

    /// <summary>Lines of configuration: put in front of sshd_config, where the first value of a keyword counts; put behind ProFTPD's; further arguments of dropbear.</summary>
    public IReadOnlyList<string> ExtraConfiguration { get; init; } = [];
}
