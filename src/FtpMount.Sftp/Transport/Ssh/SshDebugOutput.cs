namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>Learns from what <c>ssh -v</c> says what was agreed on with the server. One that uses another's connection (ControlMaster) does not say it.</summary>
internal sealed class SshDebugOutput
{
    /// <summary>How such lines begin; they are no messages for a person.</summary>
    public const string Prefix = "debug";

    private readonly Lock _gate = new();
    private SshSessionFacts _facts = new();

    /// <summary>What is known by now.</summary>
    public SshSessionFacts Facts
    {
        get
        {
            lock (_gate)
                return _facts;
        }
    }

    /// <summary>Reads one line.</summary>
    public void Note(string line)
    {
        lock (_gate)
        {
            if (After(line, "remote software version ") is { } software)
                _facts = _facts with { Software = software };
            else if (After(line, "kex: algorithm: ") is { } exchange)
                _facts = _facts with { KeyExchange = exchange };
            else if (After(line, "kex: host key algorithm: ") is { } key)
                _facts = _facts with { HostKey = key };
            else if (After(line, "kex: server->client cipher: ") is { } cipher)
                _facts = _facts with { Cipher = Word(cipher), MessageAuthentication = After(cipher, "MAC: ") is { } mac && !mac.StartsWith('<') ? Word(mac) : Word(cipher) };
            else if (line.StartsWith("Authenticated to ", StringComparison.Ordinal) && line.Split('"') is [_, var method, ..])
                _facts = _facts with { Login = method };
        }
    }

    private static string? After(string line, string text) =>
        line.IndexOf(text, StringComparison.Ordinal) is var at and >= 0 ? line[(at + text.Length)..] : null;

    private static string Word(string text) => text.Split(' ')[0];
}
