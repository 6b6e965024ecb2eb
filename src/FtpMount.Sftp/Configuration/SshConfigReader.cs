namespace FtpMount.Sftp.Configuration;

/// <summary>
/// Finds out what the configuration files say of a host: what the caller says first, then <c>~/.ssh/config</c>, then <c>/etc/ssh/ssh_config</c>; of each keyword the first
/// value counts, but IdentityFile and CertificateFile collect. <c>Host</c>, <c>Match</c> (all, host, originalhost, user, localuser, final) and <c>Include</c> as in
/// ssh_config(5). <c>Match exec</c> would run a program: where it decides, the file is refused, and <c>transport=ssh</c> is the way.
/// </summary>
internal sealed class SshConfigReader
{
    /// <summary>Includes within includes; OpenSSH's limit.</summary>
    private const int DeepestInclude = 16;

    private const int MostFiles = 1024;

    /// <summary>Keywords that decide how the transport in this process connects.</summary>
    private static readonly HashSet<string> Understood =
    [
        "hostname", "port", "user", "hostkeyalias", "identityfile", "identitiesonly", "identityagent", "certificatefile", "proxyjump", "proxycommand",
        "userknownhostsfile", "globalknownhostsfile", "hashknownhosts", "stricthostkeychecking", "serveraliveinterval", "serveralivecountmax", "connecttimeout",
    ];

    /// <summary>Keywords whose absence a user would notice; the others concern terminals, forwarding and the like.</summary>
    private static readonly HashSet<string> Noteworthy =
    [
        "addressfamily", "bindaddress", "bindinterface", "casignaturealgorithms", "ciphers", "compression", "controlmaster", "controlpath", "gssapiauthentication",
        "hostbasedauthentication", "hostkeyalgorithms", "kbdinteractiveauthentication", "kexalgorithms", "macs", "passwordauthentication", "pkcs11provider",
        "preferredauthentications", "pubkeyacceptedalgorithms", "pubkeyauthentication", "rekeylimit", "revokedhostkeys", "securitykeyprovider", "verifyhostkeydns",
    ];

    private readonly SshEnvironment _environment;
    private readonly string _originalHost;
    private readonly Dictionary<string, SshConfigLine> _values = [];
    private readonly List<SshConfigLine> _identityFiles = [];
    private readonly List<SshConfigLine> _certificateFiles = [];
    private readonly Dictionary<string, string> _ignored = [];
    private int _files;
    private bool _wantsFinalPass;
    private bool _isFinalPass;

    private SshConfigReader(SshEnvironment environment, string originalHost)
    {
        _environment = environment;
        _originalHost = originalHost;
    }

    /// <summary>Reads the files.</summary>
    /// <param name="environment">Where they are.</param>
    /// <param name="host">The host as it was asked for.</param>
    /// <param name="port">The port that was asked for; null for what the files say.</param>
    /// <param name="user">The user that was asked for; null for what the files say.</param>
    /// <exception cref="SshConfigException">A file cannot be read or understood.</exception>
    public static SshHostConfiguration Read(SshEnvironment environment, string host, int? port, string? user)
    {
        var reader = new SshConfigReader(environment, host);
        const string Origin = "the command line";
        if (port is { } p)
            reader._values["port"] = new SshConfigLine("port", [p.ToString(System.Globalization.CultureInfo.InvariantCulture)], Origin);
        if (user is not null)
            reader._values["user"] = new SshConfigLine("user", [user], Origin);
        reader.ReadAll();
        if (reader._wantsFinalPass)
        {
            reader._isFinalPass = true;
            reader.ReadAll();
        }

        return new SshConfigResolver(environment, host, reader._values, reader._identityFiles, reader._certificateFiles, [.. reader._ignored.Values]).Resolve();
    }

    private void ReadAll()
    {
        var active = true;
        ReadFile(_environment.UserConfigurationFile, isUserFile: true, 0, ref active);
        active = true;
        ReadFile(_environment.SystemConfigurationFile, isUserFile: false, 0, ref active);
    }

    private void ReadFile(string path, bool isUserFile, int depth, ref bool active)
    {
        if (depth > DeepestInclude || ++_files > MostFiles)
            throw new SshConfigException(path, "too many Include within each other");
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
            // Who can change it decides whom the user logs in to, as OpenSSH says too.
            if (isUserFile && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
                throw new SshConfigException(path, "others can change this file; run 'chmod go-w' on it");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SshConfigException(path, e.Message.TrimEnd('.'));
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (SshConfigLine.Parse(lines[i], $"{path}:{i + 1}") is not { } line)
                continue;
            switch (line.Keyword)
            {
                case "host":
                    active = SshPattern.MatchesList(_originalHost, line.Arguments);
                    break;
                case "match":
                    active = Matches(line);
                    break;
                case "include":
                    if (active)
                        Include(line, isUserFile, depth);
                    break;
                default:
                    if (active)
                        Set(line);
                    break;
            }
        }
    }

    private void Include(SshConfigLine line, bool isUserFile, int depth)
    {
        foreach (var argument in line.Arguments)
        {
            var pattern = _environment.ExpandHome(argument);
            if (!Path.IsPathRooted(pattern))
            {
                pattern = Path.Combine(
                    isUserFile ? Path.Combine(_environment.HomeDirectory, ".ssh") : Path.GetDirectoryName(_environment.SystemConfigurationFile) ?? "/", pattern);
            }

            foreach (var file in PathPattern.Find(pattern))
            {
                // A Host or Match in an included file ends with it.
                var active = true;
                ReadFile(file, isUserFile, depth + 1, ref active);
            }
        }
    }

    private void Set(SshConfigLine line)
    {
        switch (line.Keyword)
        {
            case "identityfile":
                Collect(_identityFiles, line);
                break;
            case "certificatefile":
                Collect(_certificateFiles, line);
                break;
            // Of these two the one that comes first counts.
            case "proxyjump" when _values.ContainsKey("proxycommand"):
            case "proxycommand" when _values.ContainsKey("proxyjump"):
                break;
            default:
                if (Understood.Contains(line.Keyword))
                    _values.TryAdd(line.Keyword, line);
                else if (Noteworthy.Contains(line.Keyword))
                    _ignored.TryAdd(line.Keyword, $"{line.Keyword} ({line.Origin})");
                break;
        }
    }

    private static void Collect(List<SshConfigLine> lines, SshConfigLine line)
    {
        if (!lines.Exists(known => known.Arguments[0] == line.Arguments[0]))
            lines.Add(line);
    }

    /// <summary>All criteria must hold; they are looked at from left to right, and what comes behind one that does not hold is not looked at.</summary>
    private bool Matches(SshConfigLine line)
    {
        var arguments = line.Arguments;
        for (var i = 0; i < arguments.Count; i++)
        {
            var criterion = arguments[i];
            string? value = null;
            if (criterion.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                value = criterion[(equals + 1)..];
                criterion = criterion[..equals];
            }

            var negated = criterion.StartsWith('!');
            criterion = criterion.TrimStart('!').ToLowerInvariant();
            if (criterion is not ("all" or "canonical" or "final"))
                value ??= ++i < arguments.Count ? arguments[i] : throw new SshConfigException(line.Origin, $"Match {criterion} has no argument");
            if (Holds(criterion, value ?? "", line.Origin) == negated)
                return false;
        }

        return true;
    }

    private bool Holds(string criterion, string value, string origin)
    {
        switch (criterion)
        {
            case "all":
                return true;
            case "canonical":
                return _isFinalPass;
            case "final":
                _wantsFinalPass = true;
                return _isFinalPass;
            case "host":
                return Among(CurrentHostName(), value);
            case "originalhost":
                return Among(_originalHost, value);
            case "user":
                return Among(_values.TryGetValue("user", out var user) ? user.Arguments[0] : _environment.UserName, value);
            case "localuser":
                return Among(_environment.UserName, value);
            case "exec":
                throw new SshConfigException(origin, "Match exec runs a program, which the built-in transport does not do; mount with transport=ssh");
            default:
                throw new SshConfigException(origin, $"Match {criterion} is not understood by the built-in transport; mount with transport=ssh");
        }
    }

    private static bool Among(string text, string patterns) => SshPattern.MatchesList(text, patterns.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    private string CurrentHostName() =>
        _values.TryGetValue("hostname", out var name) ? name.Arguments[0].Replace("%h", _originalHost, StringComparison.Ordinal).Replace("%%", "%", StringComparison.Ordinal) : _originalHost;
}
