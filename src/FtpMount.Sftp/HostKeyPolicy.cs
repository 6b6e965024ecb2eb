namespace FtpMount.Sftp;

/// <summary>What is done about a host key that no known_hosts file has (ssh_config: StrictHostKeyChecking).</summary>
public readonly record struct HostKeyPolicy
{
    private HostKeyPolicy(HostKeyRule rule, string? fingerprint)
    {
        Rule = rule;
        Fingerprint = fingerprint;
    }

    /// <summary>As <c>~/.ssh/config</c> says; else as <see cref="Ask"/>.</summary>
    public static HostKeyPolicy Configured => default;

    /// <summary>Asked about where there is a terminal, refused where there is none.</summary>
    public static HostKeyPolicy Ask => new(HostKeyRule.Ask, null);

    /// <summary>Accepted and written to known_hosts.</summary>
    public static HostKeyPolicy AcceptNew => new(HostKeyRule.AcceptNew, null);

    /// <summary>The rule.</summary>
    public HostKeyRule Rule { get; }

    /// <summary>For <see cref="HostKeyRule.Fingerprint"/>: <c>SHA256:</c> and unpadded base64, as ssh-keygen -l shows it.</summary>
    public string? Fingerprint { get; }

    /// <summary>Exactly the key with this fingerprint, whatever known_hosts says.</summary>
    public static HostKeyPolicy WithFingerprint(string fingerprint) =>
        TryParse(fingerprint, out var policy) && policy.Rule == HostKeyRule.Fingerprint
            ? policy
            : throw new ArgumentException("A fingerprint is SHA256: and 43 characters of base64.", nameof(fingerprint));

    /// <summary>Parses <c>ask</c>, <c>accept-new</c> or <c>SHA256:...</c>.</summary>
    public static bool TryParse(string text, out HostKeyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(text);
        const string Prefix = "SHA256:";
        policy = default;
        if (text is "ask" or "accept-new")
        {
            policy = text == "ask" ? Ask : AcceptNew;
            return true;
        }

        if (!text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            return false;
        var digest = text[Prefix.Length..].TrimEnd('=');
        Span<byte> bytes = stackalloc byte[33];
        if (digest.Length != 43 || !Convert.TryFromBase64String(digest + "=", bytes, out var length) || length != 32)
            return false;
        policy = new HostKeyPolicy(HostKeyRule.Fingerprint, Prefix + digest);
        return true;
    }

    /// <summary>As it is written: <c>ask</c>, <c>accept-new</c>, <c>SHA256:...</c>.</summary>
    public override string ToString() => Rule switch
    {
        HostKeyRule.Ask => "ask",
        HostKeyRule.AcceptNew => "accept-new",
        HostKeyRule.Fingerprint => Fingerprint!,
        _ => "",
    };
}
