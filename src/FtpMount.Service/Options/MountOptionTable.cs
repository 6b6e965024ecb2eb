using System.Globalization;
using System.Net;
using System.Text;
using FtpMount.Ftp;
using FtpMount.Ftp.Certificates;
using FtpMount.Remote;
using FtpMount.Service.Urls;
using FtpMount.Sftp;
using FtpMount.Sftp.Transport.Ssh;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Options;

/// <summary>All options of <c>-o</c> that mean something, and those of mount(8) that are accepted so that an fstab line works.</summary>
public static class MountOptionTable
{
    private const long SmallestMemory = 8L << 20;
    private const long SmallestBudget = 1L << 20;
    private const int MostConnections = 64;

    /// <summary>
    /// What mount(8) passes on or people write in fstab and which has no meaning here. Their negations are listed where they exist.
    /// <c>suid</c> and <c>dev</c> are never honoured: the kernel mounts FUSE with nosuid and nodev.
    /// </summary>
    private static readonly string[] Ignored =
    [
        "defaults", "auto", "noauto", "fail", "nofail", "_netdev", "user", "users", "nouser", "nousers", "owner", "noowner", "group", "nogroup",
        "dev", "nodev", "suid", "nosuid", "exec", "noexec", "async", "sync", "dirsync", "atime", "noatime", "diratime", "nodiratime", "relatime",
        "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "silent", "loud", "comment", "uhelper", "helper",
    ];

    private static readonly LogLevel[] LogLevels =
        [LogLevel.Trace, LogLevel.Debug, LogLevel.Information, LogLevel.Warning, LogLevel.Error, LogLevel.Critical, LogLevel.None];

    /// <summary>The options in the order of the documentation.</summary>
    public static IReadOnlyList<MountOptionDefinition> All { get; } =
    [
        new("ro", null, "mount read-only", (o, _) => o with { ReadOnly = true }),
        new("rw", null, "mount read-write (the default)", (o, _) => o with { ReadOnly = false }),
        new("allow-other", null, "let other users use the mount", (o, _) => o with { AllowOther = true }),
        new("default-permissions", null, "let the kernel enforce owner and mode", (o, _) => o with { DefaultPermissions = true }),
        new("uid", "N", "the owner that files show (yours)", (o, v) => o with { UserId = Identity("uid", v, "id -u") }),
        new("gid", "N", "the group that files show (yours)", (o, v) => o with { GroupId = Identity("gid", v, "id -g") }),
        new("umask", "OCTAL", "permission bits to take away", (o, v) => o with { Umask = Umask(v) }),
        new("cache-dir", "DIR", "where fetched content is kept ($XDG_CACHE_HOME/ftpmount)", (o, v) => o with { CacheDirectory = FilePath("cache-dir", v) }),
        new("cache-size", "SIZE", "the most it may take on disk (10G)", (o, v) => o with { CacheBytes = Size("cache-size", v, 0) }),
        new("memory", "SIZE", "the most it may take in memory (128M)", (o, v) => o with { MemoryBytes = Size("memory", v, SmallestMemory) }),
        new("state-dir", "DIR", "where unsent changes are kept ($XDG_STATE_HOME/ftpmount)", (o, v) => o with { StateDirectory = FilePath("state-dir", v) }),
        new("attr-timeout", "SECONDS", "how long attributes are believed (5)", (o, v) => o with { AttributeTimeout = Seconds("attr-timeout", v, 0, 86400) }),
        new("dir-timeout", "SECONDS", "how long listings are believed (5)", (o, v) => o with { DirectoryTimeout = Seconds("dir-timeout", v, 0, 86400) }),
        new("connections", "N", "the most connections to the server (8; SFTP 3)", (o, v) => o with { Connections = Count("connections", v, 1, MostConnections) }),
        new("timeout", "SECONDS", "how long a call waits without progress (30)", (o, v) => o with { Timeout = Seconds("timeout", v, 1, 3600) }),
        new("encoding", "NAME", "the charset of names on the server (utf-8)", (o, v) => o with { Encoding = Charset(v) }),
        new("write-back", "SECONDS", "how long a closed file is left alone before it is sent (1)", (o, v) => o with { WriteBack = Seconds("write-back", v, 0, 3600) }),
        new("close", "fast|durable|remote", "what a close waits for (fast)", (o, v) => o with { Close = CloseMode(v) }),
        new("fsync", "remote|local", "what fsync waits for (remote)", (o, v) => o with { Sync = SyncMode(v) }),
        new(
            "write-through",
            null,
            "no write-back: write-back=0,close=remote,fsync=remote",
            (o, _) => o with { WriteBack = TimeSpan.Zero, Close = VfsCloseMode.Remote, Sync = VfsSyncMode.Remote }),
        new("conflict", "keep-both|mine|theirs", "what becomes of a file changed here and on the server (keep-both)", (o, v) => o with { Conflict = ConflictMode(v) }),
        new("upload", "auto|temp|direct", "the name of a file while it is sent: its own for small new ones, or always a temporary one, or always its own (auto)", (o, v) => o with { Upload = UploadMode(v) }),
        new("write-budget", "SIZE", "the most that may wait here to be sent (what the disk holds)", (o, v) => o with { WriteBytes = Size("write-budget", v, SmallestBudget) }),
        new("offline", "readwrite|readonly|fail", "what is done while the server cannot be reached (readwrite)", (o, v) => o with { Offline = OfflineMode(v) }),
        new("prefetch", "auto|off", "off: nothing is fetched before a program asks for it (auto)", (o, v) => o with { NoPrefetch = IsClear("prefetch", v, "off", "auto") }),
        new("notify-command", "COMMAND", "run at conflicts, refusals and losses of the link, with event, path and message", (o, v) => o with { NotifyCommand = Command(v) }),
        new("verify", "size|checksum", "what is compared after an upload (size)", (o, v) => o with { VerifyChecksums = UploadVerification(v) }),
        new("passive", "auto|epsv|pasv", "how data connections are made (auto)", (o, v) => o with { DataConnections = Passive(v) }),
        new("active", null, "the server connects back to this machine", (o, _) => o with { DataConnections = DataConnectionMode.Active }),
        new("compress", "auto|on|off", "MODE Z, where the FTP server has it; auto: on slow lines (auto)", (o, v) => o with { Compression = Compression(v) }),
        new("password-file", "FILE", "the password is the first line of FILE", (o, v) => o with { PasswordFile = FilePath("password-file", v) }),
        new("tls", "auto|required|off|implicit", "encryption; auto: where the server offers it (auto)", (o, v) => o with { TlsMode = Tls(v) }),
        new("tls-min", "1.2|1.3", "the lowest version of TLS (1.2)", (o, v) => o with { TlsMinimum = Version("tls-min", v) }),
        new("tls-max", "1.2|1.3", "the highest version of TLS (1.3)", (o, v) => o with { TlsMaximum = Version("tls-max", v) }),
        new("tls-data", "private|clear", "clear: content and listings are not encrypted (private)", (o, v) => o with { TlsClearData = IsClear("tls-data", v, "clear") }),
        new(
            "tls-control",
            "private|clear-after-login",
            "commands are not encrypted after the login (private)",
            (o, v) => o with { TlsClearControl = IsClear("tls-control", v, "clear-after-login") }),
        new("tls-verify", "system|tofu|off", "how the server's certificate is judged (system)", (o, v) => o with { CertificateVerification = Verification(v) }),
        new("tls-ca", "FILE", "authorities to trust instead of the system's", (o, v) => o with { AuthorityFile = FilePath("tls-ca", v) }),
        new("tls-fingerprint", "SHA256:...", "the certificate that is accepted, and no other", (o, v) => o with { CertificateFingerprints = Fingerprints(v) }),
        new("tls-cert", "FILE", "the certificate to show the server (PEM, PKCS#12)", (o, v) => o with { ClientCertificateFile = FilePath("tls-cert", v) }),
        new("tls-key", "FILE", "its private key, when it is in another file (PEM)", (o, v) => o with { ClientKeyFile = FilePath("tls-key", v) }),
        new(
            "tls-key-password-file",
            "FILE",
            "the first line of FILE decrypts the key",
            (o, v) => o with { ClientKeyPasswordFile = FilePath("tls-key-password-file", v) }),
        new("proxy", "URL|env", "http://[user@]host:port or socks5://..., or the environment's", (o, v) => o with { Proxy = Proxy(v) }),
        new(
            "proxy-password-file",
            "FILE",
            "the first line of FILE is the password for the proxy",
            (o, v) => o with { ProxyPasswordFile = FilePath("proxy-password-file", v) }),
        new("bind-address", "IP", "the address of this machine to connect from", (o, v) => o with { BindAddress = Address(v) }),
        new("limit-rate", "RATE[:UP]", "bytes a second down and up, perhaps by the time of day", (o, v) => o with { LimitRate = Rates(v) }),
        new("transport", "auto|ssh|builtin", "what carries SFTP: the system's ssh or this program (auto)", (o, v) => o with { Transport = Transport(v) }),
        new("ssh-command", "COMMAND", "the program and first arguments of transport=ssh (ssh)", (o, v) => o with { SshCommand = v }),
        new("identity-file", "FILE", "a private key to log in with; may be repeated", (o, v) => o with { IdentityFiles = (o.IdentityFiles is { } f ? f + "\0" : "") + FilePath("identity-file", v) }),
        new("host-key", "ask|accept-new|SHA256:...", "what is done about an unknown host key (as ssh_config says, else ask)", (o, v) => o with { HostKey = HostKey(v) }),
        new("links", "contain|asis", "what symbolic links that lead out of the mount show (contain)", (o, v) => o with { Links = Links(v) }),
        new("idmap", "user|none|file", "how owners on an SFTP server become owners here (user)", (o, v) => o with { IdMap = Map(v) }),
        new("uid-file", "FILE", "for idmap=file: lines with a user's number here and there", (o, v) => o with { UserMapFile = FilePath("uid-file", v) }),
        new("gid-file", "FILE", "for idmap=file: lines with a group's number here and there", (o, v) => o with { GroupMapFile = FilePath("gid-file", v) }),
        new("log-level", "LEVEL", "trace, debug, info, warning, error, critical, none (info)", (o, v) => o with { LogLevel = Level(v) }),
        new("log-file", "FILE", "where messages go", (o, v) => o with { LogFile = FilePath("log-file", v) }),
    ];

    /// <summary>The definition of a name, hyphens and underscores alike; null when there is none.</summary>
    public static MountOptionDefinition? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var spelled = name.Replace('_', '-');
        return All.FirstOrDefault(d => d.Name == spelled);
    }

    /// <summary>Whether mount(8) has this option and it means nothing here: accepted and ignored.</summary>
    public static bool IsIgnored(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Ignored.Contains(name) || name.StartsWith("x-", StringComparison.OrdinalIgnoreCase);
    }

    private static uint Identity(string name, string value, string command) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != uint.MaxValue
            ? id
            : throw new UsageException($"{name}={value}: not a number ('{command}' shows yours)");

    private static int Umask(string value)
    {
        var bits = 0;
        foreach (var c in value)
        {
            if (c is < '0' or > '7' || (bits = (bits * 8) + (c - '0')) > 0x1FF)
                throw new UsageException($"umask={value}: not an octal number from 0 to 777");
        }

        return bits;
    }

    private static long Size(string name, string value, long smallest)
    {
        if (!ByteSize.TryParse(value, out var bytes))
            throw new UsageException($"{name}={value}: not a size; write for example {name}=512M or {name}=10G (K, M, G, T are powers of 1024)");
        if (bytes < smallest)
            throw new UsageException($"{name}={value}: the least is {ByteSize.Format(smallest)}");
        return bytes;
    }

    private static TimeSpan Seconds(string name, string value, int least, int most)
    {
        if (!decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds < least || seconds > most)
            throw new UsageException($"{name}={value}: not a number of seconds from {least} to {most}");
        return TimeSpan.FromSeconds((double)seconds);
    }

    private static int Count(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count <= most
            ? count
            : throw new UsageException($"{name}={value}: not a number from {least} to {most}");

    private static string FilePath(string name, string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
            throw new UsageException($"{name}: a path cannot hold a NUL");
        if (value == "~" || value.StartsWith("~/", StringComparison.Ordinal))
            value = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify) + value[1..];
        return Path.GetFullPath(value);
    }

    private static string Charset(string value)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Encoding encoding;
        try
        {
            encoding = Encoding.GetEncoding(value);
        }
        catch (ArgumentException)
        {
            var nearest = NearestName.Find(value.ToLowerInvariant(), Encoding.GetEncodings().Select(e => e.Name));
            throw new UsageException($"encoding={value}: not a known charset{(nearest is null ? "" : $"; did you mean {nearest}?")}");
        }

        try
        {
            _ = new NameCodec(encoding);
        }
        catch (ArgumentException)
        {
            throw new UsageException($"encoding={value}: names in this charset cannot be sent over FTP, because ASCII is not part of it");
        }

        return encoding.WebName;
    }

    private static FtpTlsMode Tls(string value) => value switch
    {
        "auto" => FtpTlsMode.Auto,
        "required" => FtpTlsMode.Required,
        "off" => FtpTlsMode.Off,
        "implicit" => FtpTlsMode.Implicit,
        _ => throw new UsageException($"tls={value}: one of auto, required, off, implicit"),
    };

    private static TlsVersion Version(string name, string value) => value switch
    {
        "1.2" => TlsVersion.Tls12,
        "1.3" => TlsVersion.Tls13,
        "1.0" or "1.1" => throw new UsageException($"{name}={value}: older versions of TLS than 1.2 are not safe"),
        _ => throw new UsageException($"{name}={value}: one of 1.2, 1.3"),
    };

    private static bool IsClear(string name, string value, string clear, string other = "private") =>
        value == clear || (value == other ? false : throw new UsageException($"{name}={value}: one of {other}, {clear}"));

    private static bool UploadVerification(string value) => value switch
    {
        "size" => false,
        "checksum" => true,
        _ => throw new UsageException($"verify={value}: one of size, checksum"),
    };

    private static DataConnectionMode Passive(string value) => value switch
    {
        "auto" => DataConnectionMode.Auto,
        "epsv" => DataConnectionMode.Epsv,
        "pasv" => DataConnectionMode.Pasv,
        _ => throw new UsageException($"passive={value}: one of auto, epsv, pasv"),
    };

    private static VfsCloseMode CloseMode(string value) => value switch
    {
        "fast" => VfsCloseMode.Fast,
        "durable" => VfsCloseMode.Durable,
        "remote" => VfsCloseMode.Remote,
        _ => throw new UsageException($"close={value}: one of fast, durable, remote"),
    };

    private static VfsSyncMode SyncMode(string value) => value switch
    {
        "remote" => VfsSyncMode.Remote,
        "local" => VfsSyncMode.Local,
        _ => throw new UsageException($"fsync={value}: one of remote, local"),
    };

    private static VfsConflictMode ConflictMode(string value) => value switch
    {
        "keep-both" => VfsConflictMode.KeepBoth,
        "mine" => VfsConflictMode.Mine,
        "theirs" => VfsConflictMode.Theirs,
        _ => throw new UsageException($"conflict={value}: one of keep-both, mine, theirs"),
    };

    private static VfsUploadMode UploadMode(string value) => value switch
    {
        "auto" => VfsUploadMode.Auto,
        "temp" => VfsUploadMode.Temporary,
        "direct" => VfsUploadMode.Direct,
        _ => throw new UsageException($"upload={value}: one of auto, temp, direct"),
    };

    private static VfsOfflineMode OfflineMode(string value) => value switch
    {
        "readwrite" => VfsOfflineMode.ReadWrite,
        "readonly" => VfsOfflineMode.ReadOnly,
        "fail" => VfsOfflineMode.Fail,
        _ => throw new UsageException($"offline={value}: one of readwrite, readonly, fail"),
    };

    private static FtpCompression Compression(string value) => value switch
    {
        "auto" => FtpCompression.Auto,
        "on" => FtpCompression.On,
        "off" => FtpCompression.Off,
        _ => throw new UsageException($"compress={value}: one of auto, on, off"),
    };

    private static CertificateVerification Verification(string value) => value switch
    {
        "system" => CertificateVerification.System,
        "tofu" => CertificateVerification.TrustOnFirstUse,
        "off" => CertificateVerification.Off,
        _ => throw new UsageException($"tls-verify={value}: one of system, tofu, off"),
    };

    private static string Fingerprints(string value) => string.Join(';', value.Split(';').Select(text =>
        CertificateFingerprint.TryParse(text, out var fingerprint)
            ? fingerprint.ToString()
            : throw new UsageException(
                $"tls-fingerprint={value}: not a SHA-256 fingerprint; write SHA256: and 64 hexadecimal digits, or what 'openssl x509 -fingerprint -sha256' prints")));

    private static string Proxy(string value)
    {
        if (value == ProxyResolver.FromEnvironment)
            return value;
        var proxy = ProxyUrl.Parse(value);
        return proxy.Password is null
            ? ProxyUrl.Format(proxy)
            : throw new UsageException("proxy: a password cannot stand here, because everyone could read it; use proxy-password-file=FILE");
    }

    private static string Address(string value) =>
        IPAddress.TryParse(value, out var address) && (value.Contains(':', StringComparison.Ordinal) || value.AsSpan().Count('.') == 3)
            ? address.ToString()
            : throw new UsageException($"bind-address={value}: not an IP address of this machine ('ip address' shows them)");

    private static string Rates(string value)
    {
        _ = RateText.Parse(value);
        return value;
    }

    private static SftpTransportKind Transport(string value) => value switch
    {
        "auto" => SftpTransportKind.Auto,
        "ssh" => SftpTransportKind.Ssh,
        "builtin" => SftpTransportKind.Builtin,
        _ => throw new UsageException($"transport={value}: one of auto, ssh, builtin"),
    };

    private static string HostKey(string value) => HostKeyPolicy.TryParse(value, out var policy)
        ? policy.ToString()
        : throw new UsageException($"host-key={value}: one of ask, accept-new, or SHA256: and what 'ssh-keygen -l' shows behind it");

    private static string Command(string value)
    {
        try
        {
            return ShellWords.Split(value).Count > 0 ? value : throw new UsageException("notify-command: name a program");
        }
        catch (FormatException exception)
        {
            throw new UsageException($"notify-command={value}: {exception.Message}");
        }
    }

    private static LinkPolicy Links(string value) => value switch
    {
        "contain" => LinkPolicy.Contain,
        "asis" => LinkPolicy.AsIs,
        _ => throw new UsageException($"links={value}: one of contain, asis"),
    };

    private static IdMapKind Map(string value) => value switch
    {
        "user" => IdMapKind.User,
        "none" => IdMapKind.None,
        "file" => IdMapKind.File,
        _ => throw new UsageException($"idmap={value}: one of user, none, file"),
    };

    private static LogLevel Level(string value)
    {
        var wanted = value.ToLowerInvariant() switch { "info" => "information", "warn" => "warning", "fatal" => "critical", var other => other };
        foreach (var level in LogLevels)
        {
            if (level.ToString().Equals(wanted, StringComparison.OrdinalIgnoreCase))
                return level;
        }

        throw new UsageException($"log-level={value}: one of trace, debug, info, warning, error, critical, none");
    }
}
