namespace FtpMount.Sftp.Configuration;

/// <summary>What the configuration says of one host, with defaults filled in and tokens expanded (ssh_config(5)).</summary>
internal sealed record SshHostConfiguration
{
    /// <summary>The host as it was asked for.</summary>
    public required string OriginalHost { get; init; }

    /// <summary>The name or address to connect to (HostName).</summary>
    public required string HostName { get; init; }

    /// <summary>The port (Port).</summary>
    public required int Port { get; init; }

    /// <summary>The user to log in as (User).</summary>
    public required string User { get; init; }

    /// <summary>The name under which the host key is looked up instead of the host's (HostKeyAlias); null for the host's own.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>Private keys that were named (IdentityFile), absolute paths; empty when none was, for the usual ones.</summary>
    public required IReadOnlyList<string> IdentityFiles { get; init; }

    /// <summary>Certificates that were named (CertificateFile), absolute paths.</summary>
    public required IReadOnlyList<string> CertificateFiles { get; init; }

    /// <summary>Only <see cref="IdentityFiles"/> are tried, not all that the agent has (IdentitiesOnly).</summary>
    public required bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket (IdentityAgent, else SSH_AUTH_SOCK); null for none.</summary>
    public required string? AgentSocket { get; init; }

    /// <summary>Hosts to go through, the first one first (ProxyJump); empty for none.</summary>
    public required IReadOnlyList<SshJump> Jumps { get; init; }

    /// <summary>Files with known host keys, the first of which is added to (UserKnownHostsFile).</summary>
    public required IReadOnlyList<string> UserKnownHostsFiles { get; init; }

    /// <summary>More files with known host keys (GlobalKnownHostsFile).</summary>
    public required IReadOnlyList<string> GlobalKnownHostsFiles { get; init; }

    /// <summary>Names are hashed when they are added (HashKnownHosts).</summary>
    public required bool HashKnownHosts { get; init; }

    /// <summary>What is done about unknown host keys (StrictHostKeyChecking).</summary>
    public required StrictHostKeyChecking StrictHostKeyChecking { get; init; }

    /// <summary>How long the server may be silent before it is asked for a sign of life (ServerAliveInterval); zero for never, null when nothing was said.</summary>
    public required TimeSpan? ServerAliveInterval { get; init; }

    /// <summary>How many such questions may go unanswered (ServerAliveCountMax).</summary>
    public required int ServerAliveCountMax { get; init; }

    /// <summary>How long connecting may take (ConnectTimeout); null when nothing was said.</summary>
    public required TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Keywords that were set and mean nothing to the transport in this process, with file and line, for the log.</summary>
    public required IReadOnlyList<string> Ignored { get; init; }
}
