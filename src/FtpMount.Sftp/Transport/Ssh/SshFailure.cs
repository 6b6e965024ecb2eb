using FtpMount.Remote;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>What <c>ssh</c> means by what it says on its standard error before it ends (exit code 255; OpenSSH's messages are not translated).</summary>
internal static class SshFailure
{
    private static readonly (string Text, RemoteError Error, string Message)[] Known =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", RemoteError.Untrusted, "The host key of {host} has changed: either the server was set up anew, or somebody is in between and listens. Nothing was sent. If you know of the change, remove the old key with 'ssh-keygen -R {knownhost}'."),
        ("is revoked", RemoteError.Untrusted, "The host key of {host} is marked as revoked in known_hosts. Nothing was sent."),
        ("Host key verification failed", RemoteError.Untrusted, "The host key of {host} is not known. Log in once with 'ssh {target}' and compare its fingerprint, or mount with host-key=accept-new or host-key=SHA256:..."),
        ("Could not resolve hostname", RemoteError.Offline, "Unknown host {host}. Check the name."),
        ("Connection refused", RemoteError.Offline, "{host} refuses SSH connections{port}. Check the port and that the server runs."),
        ("Connection timed out", RemoteError.TimedOut, "{host} did not answer{port}. Check the address and that no firewall is in between."),
        ("Operation timed out", RemoteError.TimedOut, "{host} did not answer{port}. Check the address and that no firewall is in between."),
        ("Network is unreachable", RemoteError.Offline, "{host} cannot be reached. Check the network."),
        ("No route to host", RemoteError.Offline, "{host} cannot be reached. Check the network."),
        ("Too many authentication failures", RemoteError.AuthenticationFailed, "{host} ended the login after too many keys. Name the right one with identity-file=FILE."),
        ("Permission denied", RemoteError.AuthenticationFailed, "{host} does not let {user} in ({reason}). Check the user name, and the key with 'ssh {target}'; a key with a passphrase must be in the agent (ssh-add)."),
        ("No supported authentication methods", RemoteError.AuthenticationFailed, "{host} does not let {user} in. Check the user name and the key with 'ssh {target}'."),
        ("UNPROTECTED PRIVATE KEY FILE", RemoteError.AuthenticationFailed, "The private key file can be read by others, so ssh does not use it. Run 'chmod 600' on it."),
        ("subsystem request failed", RemoteError.Unsupported, "{host} has no 'sftp' subsystem. Switch it on in the server's sshd_config (Subsystem sftp ...)."),
        ("Exceeded MaxStartups", RemoteError.TooManyConnections, "{host} does not take more connections just now."),
        ("no matching", RemoteError.Unsupported, "ssh and {host} have no algorithm in common: {line}"),
        ("Bad configuration option", RemoteError.Unsupported, "ssh does not accept its configuration: {line}"),
        ("Bad owner or permissions", RemoteError.Unsupported, "ssh does not accept its configuration: {line}"),
        ("command-line line 0", RemoteError.Unsupported, "ssh does not accept an option: {line}"),
        ("open failed", RemoteError.TooManyConnections, "{host} does not open one more session: {line}"),
        ("Connection closed", RemoteError.Offline, "{host} closed the connection{port}."),
        ("Connection reset", RemoteError.Offline, "The connection to {host} was reset."),
        ("Broken pipe", RemoteError.Offline, "The connection to {host} was lost."),
        ("not responding", RemoteError.Offline, "{host} does not answer any more."),
    ];

    /// <summary>The failure for a person.</summary>
    /// <param name="options">The server.</param>
    /// <param name="errorText">What ssh said, several lines.</param>
    /// <param name="exitCode">Its exit code; null when it still runs.</param>
    public static RemoteException Explain(SftpOptions options, string errorText, int? exitCode)
    {
        foreach (var (text, error, message) in Known)
        {
            if (!errorText.Contains(text, StringComparison.OrdinalIgnoreCase))
                continue;
            var line = Array.Find(errorText.Split('\n'), line => line.Contains(text, StringComparison.OrdinalIgnoreCase)) ?? "";
            return new RemoteException(error, Fill(message, options, line)) { ServerReply = Printable(line) };
        }

        var last = Printable(errorText.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "");
        return exitCode switch
        {
            // A program in front of ssh, or no ssh.
            127 => new RemoteException(RemoteError.Unsupported, $"The ssh command cannot be run: {last}"),
            null or 0 or 255 => new RemoteException(RemoteError.Offline, last.Length > 0 ? $"ssh ended: {last}" : $"The connection to {options.Host} was lost.") { ServerReply = last },
            _ => new RemoteException(RemoteError.Offline, $"ssh ended with exit code {exitCode}{(last.Length > 0 ? ": " + last : "")}.") { ServerReply = last },
        };
    }

    private static string Fill(string message, SftpOptions options, string line)
    {
        var user = options.User is null ? "" : options.User + "@";
        var isDefaultPort = options.Port is null or 22;
        var open = line.LastIndexOf('(');
        var close = line.LastIndexOf(')');
        var reason = open >= 0 && close > open ? line[(open + 1)..close] : "permission denied";
        return message
            .Replace("{host}", options.Host, StringComparison.Ordinal)
            .Replace("{port}", isDefaultPort ? "" : $" on port {options.Port}", StringComparison.Ordinal)
            .Replace("{target}", $"{(isDefaultPort ? "" : $"-p {options.Port} ")}{user}{options.Host}", StringComparison.Ordinal)
            .Replace("{knownhost}", isDefaultPort ? options.Host : $"[{options.Host}]:{options.Port}", StringComparison.Ordinal)
            .Replace("{user}", options.User ?? "this user", StringComparison.Ordinal)
            .Replace("{reason}", Printable(reason), StringComparison.Ordinal)
            .Replace("{line}", Printable(line), StringComparison.Ordinal);
    }

    private static string Printable(string text) => new([.. text.Trim().Select(c => char.IsControl(c) ? '?' : c)]);
}
