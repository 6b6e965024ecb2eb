namespace FtpMount.Sftp.Transport;

/// <summary>What was agreed on with an SSH server (RFC 4253 section 7.1), by the names of the algorithms; null where it is not known.</summary>
public sealed record SshSessionFacts
{
    /// <summary>What the server says it is, without <c>SSH-2.0-</c>.</summary>
    public string? Software { get; init; }

    /// <summary>How the keys were exchanged.</summary>
    public string? KeyExchange { get; init; }

    /// <summary>The type of the host key.</summary>
    public string? HostKey { get; init; }

    /// <summary>What encrypts what the server sends.</summary>
    public string? Cipher { get; init; }

    /// <summary>What protects it against changes; the cipher's name where it does that itself.</summary>
    public string? MessageAuthentication { get; init; }

    /// <summary>By which method the user was let in.</summary>
    public string? Login { get; init; }
}
