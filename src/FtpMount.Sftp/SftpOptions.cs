using System.Text;

namespace FtpMount.Sftp;

/// <summary>One SFTP server, and how to use it.</summary>
public sealed record SftpOptions
{
    /// <summary>Host name, IP address (IPv6 without brackets), or a <c>Host</c> of <c>~/.ssh/config</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Port; null for what <c>~/.ssh/config</c> says, else 22.</summary>
    public int? Port { get; init; }

    /// <summary>User name; null for what <c>~/.ssh/config</c> says, else the name of the user of this process.</summary>
    public string? User { get; init; }

    /// <summary>Password, also the answer to a keyboard-interactive question for one; null when none was given.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// The directory to show, as in the URL after decoding: null or empty is the login folder, <c>rel/x</c> is relative to it, <c>/abs</c> absolute.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>The most connections at once, at least 1. Requests share them; more than one pays where one does not fill the link or the CPU.</summary>
    public int Connections { get; init; } = 3;

    /// <summary>How long to wait for progress: for a connection, a reply, the next byte.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What carries the bytes.</summary>
    public SftpTransportKind Transport { get; init; } = SftpTransportKind.Auto;

    /// <summary>
    /// The program and first arguments of <see cref="SftpTransportKind.Ssh"/>, split as a shell does (quotes, backslashes; nothing is expanded); null for <c>ssh</c>.
    /// What it says of ciphers, host keys and so on is not overridden.
    /// </summary>
    public string? SshCommand { get; init; }

    /// <summary>Private key files to be tried, in order; empty for those of <c>~/.ssh/config</c>, the agent and <c>~/.ssh/id_*</c>.</summary>
    public IReadOnlyList<string> IdentityFiles { get; init; } = [];

    /// <summary>What is done about a host key that known_hosts does not have. One that known_hosts contradicts is always refused.</summary>
    public HostKeyPolicy HostKey { get; init; } = HostKeyPolicy.Configured;

    /// <summary>The charset of names on the server; null is UTF-8. Names that are not valid in it survive as bytes.</summary>
    public Encoding? Encoding { get; init; }

    /// <summary>What is done about symbolic links that lead out of the folder that is shown.</summary>
    public LinkPolicy Links { get; init; } = LinkPolicy.Contain;

    /// <summary>How owners on the server become owners here.</summary>
    public IdMap IdMap { get; init; } = IdMap.User;

    /// <summary>Who the mount belongs to here, for <see cref="IdMap"/>; null for the user of this process.</summary>
    public uint? LocalUserId { get; init; }

    /// <summary>The group that the mount belongs to here, for <see cref="IdMap"/>; null for that of this process.</summary>
    public uint? LocalGroupId { get; init; }

    /// <summary>Whether to find out what was agreed on by SSH (<see cref="Transport.ISftpTransport.Facts"/>).</summary>
    internal bool Verbose { get; init; }

    /// <summary>How many processors there are here to encrypt with.</summary>
    internal int Processors { get; init; } = Environment.ProcessorCount;

    /// <summary>Gets the dialogue of all connections; null for nowhere.</summary>
    internal TextWriter? Transcript { get; init; }

    /// <summary>The URL without the password, for messages.</summary>
    internal string DisplayName
    {
        get
        {
            var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
            var user = User is null ? "" : Uri.EscapeDataString(User) + "@";
            var port = Port is null or 22 ? "" : $":{Port}";
            var path = string.IsNullOrEmpty(Path) ? "" : Path[0] == '/' ? Path : "/~/" + Path;
            return $"sftp://{user}{host}{port}{path}";
        }
    }
}
