using System.Globalization;
using System.Text;

namespace FtpMount.Sftp.Configuration;

/// <summary>What the percent tokens of ssh_config(5), TOKENS, stand for.</summary>
internal sealed record SshConfigTokens
{
    /// <summary><c>%h</c>: the host to connect to; while HostName is expanded, the host as it was asked for.</summary>
    public required string HostName { get; init; }

    /// <summary><c>%n</c>: the host as it was asked for.</summary>
    public required string OriginalHost { get; init; }

    /// <summary><c>%p</c>.</summary>
    public required int Port { get; init; }

    /// <summary><c>%r</c>: the user there.</summary>
    public required string RemoteUser { get; init; }

    /// <summary><c>%k</c>: the name under which the host key is known.</summary>
    public required string HostKeyName { get; init; }

    /// <summary><c>%u</c>, <c>%d</c>, <c>%l</c>, <c>%L</c>, and variables.</summary>
    public required SshEnvironment Environment { get; init; }

    /// <summary>Replaces the tokens.</summary>
    /// <param name="text">The text.</param>
    /// <param name="allowed">The letters that may stand behind a percent sign here.</param>
    /// <param name="origin">File and line, for messages.</param>
    /// <exception cref="SshConfigException">Another letter stands there.</exception>
    public string Expand(string text, string allowed, string origin)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                result.Append(text[i]);
                continue;
            }

            var token = ++i < text.Length ? text[i] : '\0';
            result.Append(token == '%' ? "%" : allowed.Contains(token, StringComparison.Ordinal) ? Value(token) : throw new SshConfigException(origin, $"%{token} means nothing here"));
        }

        return result.ToString();
    }

    /// <summary>Replaces <c>${NAME}</c> by the environment variable.</summary>
    /// <exception cref="SshConfigException">It is not set.</exception>
    public string ExpandVariables(string text, string origin)
    {
        var start = text.IndexOf("${", StringComparison.Ordinal);
        if (start < 0)
            return text;
        var end = text.IndexOf('}', start);
        if (end < 0)
            throw new SshConfigException(origin, "${ is not closed");
        var name = text[(start + 2)..end];
        var value = Environment.GetVariable(name) ?? throw new SshConfigException(origin, $"the environment variable {name} is not set");
        return text[..start] + value + ExpandVariables(text[(end + 1)..], origin);
    }

    private string Value(char token) => token switch
    {
        'h' => HostName,
        'n' => OriginalHost,
        'p' => Port.ToString(CultureInfo.InvariantCulture),
        'r' => RemoteUser,
        'k' => HostKeyName,
        'u' => Environment.UserName,
        'd' => Environment.HomeDirectory,
        'l' => Environment.MachineName,
        'L' => Environment.MachineName.Split('.')[0],
        _ => throw new ArgumentOutOfRangeException(nameof(token), token, "Not a token"),
    };
}
