namespace FtpMount.Sftp.Keys;

/// <summary>
/// An OpenSSH certificate (PROTOCOL.certkeys, version 1): a key that an authority has signed for names and a time. SSH.NET reads them too, but checks against the system's
/// clock only, and neither the names nor the kind.
/// </summary>
internal sealed class SshCertificate
{
    private const uint UserKind = 1;
    private const uint HostKind = 2;

    private readonly byte[] _signed;
    private readonly byte[] _signature;

    private SshCertificate(byte[] signed, byte[] signature)
    {
        _signed = signed;
        _signature = signature;
    }

    /// <summary>The key that it is about.</summary>
    public required SshPublicKey Key { get; init; }

    /// <summary>Whether it is for hosts; otherwise for users.</summary>
    public required bool IsForHosts { get; init; }

    /// <summary>What the authority calls it.</summary>
    public required string KeyId { get; init; }

    /// <summary>The names that it is for; empty for all.</summary>
    public required IReadOnlyList<string> Principals { get; init; }

    /// <summary>From when on it is valid, in seconds since 1970.</summary>
    public required ulong ValidAfter { get; init; }

    /// <summary>Until when it is valid, exclusive, in seconds since 1970; all ones for ever.</summary>
    public required ulong ValidBefore { get; init; }

    /// <summary>What whoever does not understand it must refuse.</summary>
    public required IReadOnlyList<string> CriticalOptions { get; init; }

    /// <summary>The key that signed it.</summary>
    public required SshPublicKey Authority { get; init; }

    /// <summary>Reads a certificate.</summary>
    /// <exception cref="FormatException">It is none of a kind that is understood.</exception>
    public static SshCertificate Parse(SshPublicKey certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.IsCertificate)
            throw new FormatException("This is not a certificate.");
        var reader = new SshWireReader(certificate.Blob);
        _ = reader.ReadString(); // type
        _ = reader.ReadString(); // nonce
        var key = new SshWireWriter().WriteText(certificate.PlainType);
        var fields = certificate.PlainType switch
        {
            "ssh-ed25519" => 1,
            "ssh-rsa" or "ecdsa-sha2-nistp256" or "ecdsa-sha2-nistp384" or "ecdsa-sha2-nistp521" or "sk-ssh-ed25519@openssh.com" => 2,
            "sk-ecdsa-sha2-nistp256@openssh.com" => 3,
            var other => throw new FormatException($"Certificates of type {other} are not understood."),
        };
        for (var i = 0; i < fields; i++)
            key.WriteString(reader.ReadString());
        _ = reader.ReadUInt64(); // serial
        var kind = reader.ReadUInt32();
        var keyId = reader.ReadText();
        var principals = Texts(reader.ReadString(), 1);
        var validAfter = reader.ReadUInt64();
        var validBefore = reader.ReadUInt64();
        var criticalOptions = Texts(reader.ReadString(), 2);
        _ = reader.ReadString(); // extensions
        _ = reader.ReadString(); // reserved
        var authority = SshPublicKey.FromBlob(reader.ReadString());
        var signed = certificate.Blob[..reader.Position].ToArray();
        var signature = reader.ReadString().ToArray();
        if (!reader.IsAtEnd || kind is not (UserKind or HostKind))
            throw new FormatException("The certificate is malformed.");
        return new SshCertificate(signed, signature)
        {
            Key = SshPublicKey.FromBlob(key.ToArray()),
            IsForHosts = kind == HostKind,
            KeyId = keyId,
            Principals = principals,
            ValidAfter = validAfter,
            ValidBefore = validBefore,
            CriticalOptions = criticalOptions,
            Authority = authority,
        };
    }

    /// <summary>Whether it proves that its key belongs to a host.</summary>
    /// <param name="host">The host's name.</param>
    /// <param name="now">The time.</param>
    /// <param name="reason">Why not.</param>
    public bool IsValidFor(string host, DateTimeOffset now, out string reason)
    {
        var seconds = (ulong)Math.Max(0, now.ToUnixTimeSeconds());
        reason = !IsForHosts ? "it is for users"
            : seconds < ValidAfter ? "it is not valid yet"
            : seconds >= ValidBefore ? "it has expired"
            : Principals.Count > 0 && !Principals.Contains(host, StringComparer.OrdinalIgnoreCase) ? $"it is for {string.Join(", ", Principals.Take(5))}"
            : CriticalOptions.Count > 0 ? $"it has the critical option {CriticalOptions[0]}, which is not understood"
            : Authority.IsCertificate ? "it is signed by another certificate"
            : !IsSignatureGood() ? "its signature is wrong"
            : "";
        return reason.Length == 0;
    }

    /// <summary>Every n-th of a sequence of strings, for names that are followed by values.</summary>
    private static List<string> Texts(ReadOnlySpan<byte> bytes, int step)
    {
        var result = new List<string>();
        var reader = new SshWireReader(bytes);
        for (var i = 0; !reader.IsAtEnd; i++)
        {
            var text = reader.ReadText();
            if (i % step == 0)
                result.Add(text);
        }

        return result;
    }

    private bool IsSignatureGood()
    {
        try
        {
            var algorithm = new SshWireReader(_signature).ReadText();
            return SshSignatureAlgorithms.Create(algorithm, Authority.Blob.ToArray()) is { } verifier && verifier.VerifySignature(_signed, _signature);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or System.Security.Cryptography.CryptographicException or Renci.SshNet.Common.SshException)
        {
            return false;
        }
    }
}
