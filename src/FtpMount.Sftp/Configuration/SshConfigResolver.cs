using System.Globalization;

namespace FtpMount.Sftp.Configuration;

/// <summary>Makes a host's configuration of the lines that hold for it: defaults, numbers, tokens, paths.</summary>
internal sealed class SshConfigResolver(
    SshEnvironment environment,
    string originalHost,
    IReadOnlyDictionary<string, SshConfigLine> values,
    IReadOnlyList<SshConfigLine> identityFiles,
    IReadOnlyList<SshConfigLine> certificateFiles,
    IReadOnlyList<string> ignored)
{
    private const int DefaultPort = 22;
    private const int DefaultServerAliveCount = 3;
    private const string AllTokens = "hnprkudlL";

    /// <summary>Makes it.</summary>
    /// <exception cref="SshConfigException">A value is not of the kind that the keyword wants.</exception>
    public SshHostConfiguration Resolve()
    {
        var tokens = new SshConfigTokens
        {
            HostName = originalHost,
            OriginalHost = originalHost,
            Port = Port(),
            RemoteUser = values.TryGetValue("user", out var user) ? user.Arguments[0] : environment.UserName,
            HostKeyName = originalHost,
            Environment = environment,
        };
        var hostName = values.TryGetValue("hostname", out var name) ? tokens.Expand(name.Arguments[0], "h", name.Origin) : originalHost;
        var alias = values.TryGetValue("hostkeyalias", out var key) ? key.Arguments[0] : null;
        tokens = tokens with { HostName = hostName, HostKeyName = alias ?? hostName };
        return new SshHostConfiguration
        {
            OriginalHost = originalHost,
            HostName = hostName,
            Port = tokens.Port,
            User = tokens.RemoteUser,
            HostKeyAlias = alias,
            IdentityFiles = [.. identityFiles.Where(line => !IsNone(line.Arguments[0])).Select(line => ToPath(line.Arguments[0], line.Origin, tokens))],
            CertificateFiles = [.. certificateFiles.Where(line => !IsNone(line.Arguments[0])).Select(line => ToPath(line.Arguments[0], line.Origin, tokens))],
            IdentitiesOnly = Flag("identitiesonly"),
            AgentSocket = AgentSocket(tokens),
            Jumps = Jumps(tokens),
            UserKnownHostsFiles = Files("userknownhostsfile", ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"], tokens),
            GlobalKnownHostsFiles = Files("globalknownhostsfile", environment.SystemKnownHostsFiles, tokens),
            HashKnownHosts = Flag("hashknownhosts"),
            StrictHostKeyChecking = StrictChecking(),
            ServerAliveInterval = Duration("serveraliveinterval"),
            ServerAliveCountMax = values.TryGetValue("serveralivecountmax", out var count) ? Number(count, 0, int.MaxValue) : DefaultServerAliveCount,
            ConnectTimeout = Duration("connecttimeout") is { } timeout && timeout > TimeSpan.Zero ? timeout : null,
            Ignored = ignored,
        };
    }

    private static bool IsNone(string text) => text.Equals("none", StringComparison.OrdinalIgnoreCase);

    private int Port() => values.TryGetValue("port", out var line) ? Number(line, 1, ushort.MaxValue) : DefaultPort;

    private static int Number(SshConfigLine line, int least, int most) =>
        int.TryParse(line.Arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new SshConfigException(line.Origin, $"{line.Keyword} {line.Arguments[0]} is not a number from {least} to {most}");

    private bool Flag(string keyword) => values.TryGetValue(keyword, out var line) && line.Arguments[0].ToLowerInvariant() switch
    {
        "yes" or "true" => true,
        "no" or "false" => false,
        var other => throw new SshConfigException(line.Origin, $"{keyword} {other} is neither yes nor no"),
    };

    /// <summary>Seconds, or a time such as 1m30s (sshd_config(5), TIME FORMATS).</summary>
    private TimeSpan? Duration(string keyword)
    {
        if (!values.TryGetValue(keyword, out var line) || line.Arguments[0].Equals("none", StringComparison.OrdinalIgnoreCase))
            return null;
        long total = 0;
        long number = 0;
        var hasDigits = false;
        foreach (var c in line.Arguments[0].ToLowerInvariant())
        {
            if (char.IsAsciiDigit(c) && number < int.MaxValue)
            {
                number = (number * 10) + (c - '0');
                hasDigits = true;
                continue;
            }

            var unit = c switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, 'w' => 604800, _ => 0 };
            if (unit == 0 || !hasDigits)
                throw new SshConfigException(line.Origin, $"{keyword} {line.Arguments[0]} is not a time");
            total += number * unit;
            number = 0;
            hasDigits = false;
        }

        total += number;
        return total <= int.MaxValue ? TimeSpan.FromSeconds(total) : throw new SshConfigException(line.Origin, $"{keyword} {line.Arguments[0]} is too long");
    }

    private StrictHostKeyChecking StrictChecking()
    {
        if (!values.TryGetValue("stricthostkeychecking", out var line))
            return Configuration.StrictHostKeyChecking.Ask;
        return line.Arguments[0].ToLowerInvariant() switch
        {
            "yes" or "true" => Configuration.StrictHostKeyChecking.Yes,
            "ask" => Configuration.StrictHostKeyChecking.Ask,
            "accept-new" or "no" or "false" or "off" => Configuration.StrictHostKeyChecking.AcceptNew,
            var other => throw new SshConfigException(line.Origin, $"StrictHostKeyChecking {other} is not one of yes, no, ask, accept-new, off"),
        };
    }

    private IReadOnlyList<string> Files(string keyword, IReadOnlyList<string> defaults, SshConfigTokens tokens)
    {
        if (!values.TryGetValue(keyword, out var line))
            return [.. defaults.Select(environment.ExpandHome)];
        return line.Arguments is [var only] && IsNone(only) ? [] : [.. line.Arguments.Select(file => ToPath(file, line.Origin, tokens))];
    }

    private string ToPath(string text, string origin, SshConfigTokens tokens)
    {
        var path = environment.ExpandHome(tokens.Expand(tokens.ExpandVariables(text, origin), AllTokens, origin));
        return Path.IsPathRooted(path) ? path : Path.GetFullPath(path);
    }

    private string? AgentSocket(SshConfigTokens tokens)
    {
        const string Variable = "SSH_AUTH_SOCK";
        var value = values.TryGetValue("identityagent", out var line) ? line.Arguments[0] : Variable;
        if (IsNone(value))
            return null;
        if (value == Variable)
            return environment.GetVariable(Variable) is { Length: > 0 } socket ? socket : null;
        if (value is ['$', not '{', ..])
            return environment.GetVariable(value[1..]) is { Length: > 0 } other ? other : null;
        return ToPath(value, line!.Origin, tokens);
    }

    private IReadOnlyList<SshJump> Jumps(SshConfigTokens tokens)
    {
        if (values.TryGetValue("proxycommand", out var command) && !IsNone(command.Arguments[0]))
        {
            throw new SshConfigException(
                command.Origin, $"ProxyCommand runs a program to reach {originalHost}, which the built-in transport does not do; mount with transport=ssh, or use ProxyJump");
        }

        if (!values.TryGetValue("proxyjump", out var line) || IsNone(line.Arguments[0]))
            return [];
        return [.. line.Arguments[0].Split(',').Select(text =>
            SshJump.TryParse(tokens.Expand(text.Trim(), "hnpr", line.Origin), out var jump) ? jump : throw new SshConfigException(line.Origin, $"ProxyJump {text} is not [user@]host[:port]"))];
    }
}
