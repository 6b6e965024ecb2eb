using FtpMount.Ftp;
using FtpMount.Ftp.Certificates;
using FtpMount.Sftp;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Options;

/// <summary>What <c>-o</c> can say, parsed and checked. Null means: not given, the default holds. docs/CONFIGURATION.md describes each.</summary>
public sealed record MountOptions
{
    /// <summary>cache-dir: where what can be fetched again is kept. An absolute path.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>state-dir: where what must survive is kept. An absolute path.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>cache-size: the most bytes of cached content on disk.</summary>
    public long? CacheBytes { get; init; }

    /// <summary>memory: the most bytes of cached content in memory.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>attr-timeout: how long attributes are believed; 0 to a day.</summary>
    public TimeSpan? AttributeTimeout { get; init; }

    /// <summary>dir-timeout: how long a listing is believed; 0 to a day.</summary>
    public TimeSpan? DirectoryTimeout { get; init; }

    /// <summary>connections: the most connections to the server; 1 to 64.</summary>
    public int? Connections { get; init; }

    /// <summary>timeout: how long a call waits without progress; 1 second to an hour.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>ro: nothing is ever changed on the server.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>allow-other: other users may use the mount.</summary>
    public bool AllowOther { get; init; }

    /// <summary>default-permissions: the kernel enforces owner and mode.</summary>
    public bool DefaultPermissions { get; init; }

    /// <summary>uid: the owner that files show.</summary>
    public uint? UserId { get; init; }

    /// <summary>gid: the group that files show.</summary>
    public uint? GroupId { get; init; }

    /// <summary>umask: permission bits that are taken away; 0 to 0777 octal.</summary>
    public int? Umask { get; init; }

    /// <summary>encoding: the charset of names on the server, by its IANA name; null for UTF-8.</summary>
    public string? Encoding { get; init; }

    /// <summary>write-back: how long a closed file stays unchanged before its upload starts; 0 to an hour.</summary>
    public TimeSpan? WriteBack { get; init; }

    /// <summary>close: what a close waits for.</summary>
    public VfsCloseMode? Close { get; init; }

    /// <summary>fsync: what fsync(2) waits for.</summary>
    public VfsSyncMode? Sync { get; init; }

    /// <summary>conflict: what becomes of a file that was changed here and on the server.</summary>
    public VfsConflictMode? Conflict { get; init; }

    /// <summary>upload: under which name content is on the server while it is sent.</summary>
    public VfsUploadMode? Upload { get; init; }

    /// <summary>verify: a checksum of every upload is compared with the server's.</summary>
    public bool VerifyChecksums { get; init; }

    /// <summary>write-budget: the most bytes of content that are here and not on the server yet.</summary>
    public long? WriteBytes { get; init; }

    /// <summary>offline: what is done while the server cannot be reached.</summary>
    public VfsOfflineMode? Offline { get; init; }

    /// <summary>prefetch=off: nothing is fetched before it is asked for.</summary>
    public bool NoPrefetch { get; init; }

    /// <summary>notify-command: what is run when something happens that a person should know, as <see cref="Sftp.Transport.Ssh.ShellWords"/> splits it.</summary>
    public string? NotifyCommand { get; init; }

    /// <summary>password-file: a file whose first line is the password. An absolute path.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>passive and active.</summary>
    public DataConnectionMode? DataConnections { get; init; }

    /// <summary>compress: whether downloads and listings are compressed.</summary>
    public FtpCompression? Compression { get; init; }

    /// <summary>tls: whether and how connections are encrypted.</summary>
    public FtpTlsMode? TlsMode { get; init; }

    /// <summary>tls-min: the lowest version of TLS.</summary>
    public TlsVersion? TlsMinimum { get; init; }

    /// <summary>tls-max: the highest version of TLS.</summary>
    public TlsVersion? TlsMaximum { get; init; }

    /// <summary>tls-data=clear: data connections are not encrypted.</summary>
    public bool TlsClearData { get; init; }

    /// <summary>tls-control=clear-after-login: the control connection is not encrypted any more after the login.</summary>
    public bool TlsClearControl { get; init; }

    /// <summary>tls-verify: how the server's certificate is judged.</summary>
    public CertificateVerification? CertificateVerification { get; init; }

    /// <summary>tls-ca: a file of the authorities that are trusted instead of the system's. An absolute path.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>tls-fingerprint: the certificates that are accepted, each in <see cref="CertificateFingerprint"/>'s own spelling, with <c>;</c> between them.</summary>
    public string? CertificateFingerprints { get; init; }

    /// <summary>tls-cert: the certificate that is shown to the server. An absolute path.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>tls-key: its private key, when it is in a file of its own. An absolute path.</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>tls-key-password-file: a file whose first line decrypts the key. An absolute path.</summary>
    public string? ClientKeyPasswordFile { get; init; }

    /// <summary>proxy: its address in <see cref="Urls.ProxyUrl"/>'s spelling, without a password, or <see cref="ProxyResolver.FromEnvironment"/>.</summary>
    public string? Proxy { get; init; }

    /// <summary>proxy-password-file: a file whose first line is the password for the proxy. An absolute path.</summary>
    public string? ProxyPasswordFile { get; init; }

    /// <summary>bind-address: the address of this machine that connections come from.</summary>
    public string? BindAddress { get; init; }

    /// <summary>limit-rate: as <see cref="RateText"/> reads it.</summary>
    public string? LimitRate { get; init; }

    /// <summary>transport: what carries SFTP.</summary>
    public SftpTransportKind? Transport { get; init; }

    /// <summary>ssh-command: the program and first arguments of transport=ssh.</summary>
    public string? SshCommand { get; init; }

    /// <summary>identity-file: the private keys to be tried, in order. Absolute paths with NUL, which no path holds, between them.</summary>
    public string? IdentityFiles { get; init; }

    /// <summary>host-key: what is done about an unknown host key, as <see cref="HostKeyPolicy.TryParse"/> reads it.</summary>
    public string? HostKey { get; init; }

    /// <summary>links: what is done about symbolic links that lead out of the mount.</summary>
    public LinkPolicy? Links { get; init; }

    /// <summary>idmap: how owners on the server become owners here.</summary>
    public IdMapKind? IdMap { get; init; }

    /// <summary>uid-file: for idmap=file, the users. An absolute path.</summary>
    public string? UserMapFile { get; init; }

    /// <summary>gid-file: for idmap=file, the groups. An absolute path.</summary>
    public string? GroupMapFile { get; init; }

    /// <summary>log-level: from which level on messages are logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>log-file: where messages go. An absolute path.</summary>
    public string? LogFile { get; init; }
}
