using System.Security.Cryptography;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// What one <c>ssh</c> process may be told when it asks: the password once, and the fingerprint of the host key once. The process gets a token in its environment, not
/// the answers.
/// </summary>
internal sealed class AskpassQuestion(AskpassServer server, string? password, string? fingerprint) : IDisposable
{
    private string? _password = password;
    private string? _fingerprint = fingerprint;

    /// <summary>By which the process is known.</summary>
    public string Token { get; } = RandomNumberGenerator.GetHexString(32);

    /// <summary>The variables that make ssh ask this program (ssh(1), SSH_ASKPASS_REQUIRE; before OpenSSH 8.4 it wanted DISPLAY).</summary>
    public IReadOnlyList<string> Environment =>
    [
        $"SSH_ASKPASS={server.Program}",
        "SSH_ASKPASS_REQUIRE=force",
        $"{AskpassClient.SocketVariable}={server.SocketPath}",
        $"{AskpassClient.TokenVariable}={Token}",
        .. System.Environment.GetEnvironmentVariable("DISPLAY") is null ? ["DISPLAY=:0"] : (string[])[],
    ];

    /// <summary>The answer to a prompt; null when there is none, which ends the login.</summary>
    public string? Answer(string prompt)
    {
        if (prompt.Contains("fingerprint", StringComparison.OrdinalIgnoreCase) && prompt.Contains("yes", StringComparison.OrdinalIgnoreCase))
            return Interlocked.Exchange(ref _fingerprint, null) ?? "no";
        // "Enter passphrase for key" is another secret.
        return prompt.Contains("passphrase", StringComparison.OrdinalIgnoreCase) ? null : Interlocked.Exchange(ref _password, null);
    }

    /// <summary>The process has ended.</summary>
    public void Dispose() => server.Forget(this);
}
