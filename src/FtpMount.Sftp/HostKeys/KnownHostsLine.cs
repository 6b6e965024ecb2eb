using System.Security.Cryptography;
using System.Text;
using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.Keys;

namespace FtpMount.Sftp.HostKeys;

/// <summary>One line of a known_hosts file: names or patterns, or the hash of one name, and a key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).</summary>
internal sealed class KnownHostsLine
{
    private const string HashMagic = "|1|";

    private readonly string _hosts;

    private KnownHostsLine(KnownHostsMarker marker, string hosts, SshPublicKey key)
    {
        Marker = marker;
        _hosts = hosts;
        Key = key;
    }

    /// <summary>What stands in front of it.</summary>
    public KnownHostsMarker Marker { get; }

    /// <summary>The key.</summary>
    public SshPublicKey Key { get; }

    /// <summary>Parses a line.</summary>
    /// <returns>False for an empty line, a comment and what cannot be understood, which OpenSSH passes over as well.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out KnownHostsLine line)
    {
        line = null!;
        var rest = text.Trim(" \t\r\n");
        if (rest.IsEmpty || rest[0] == '#')
            return false;
        var marker = KnownHostsMarker.None;
        if (rest[0] == '@')
        {
            switch (NextField(ref rest))
            {
                case "@cert-authority":
                    marker = KnownHostsMarker.CertificateAuthority;
                    break;
                case "@revoked":
                    marker = KnownHostsMarker.Revoked;
                    break;
                default:
                    return false;
            }
        }

        var hosts = NextField(ref rest);
        var type = NextField(ref rest);
        if (!SshPublicKey.TryParse(type, NextField(ref rest), out var key))
            return false;
        line = new KnownHostsLine(marker, hosts.ToString(), key);
        return true;
    }

    /// <summary>Whether the line is about a host.</summary>
    /// <param name="name">Its name as <see cref="KnownHostName"/> makes it.</param>
    public bool IsAbout(string name)
    {
        if (!_hosts.StartsWith(HashMagic, StringComparison.Ordinal))
            return SshPattern.MatchesList(name, _hosts.Split(','));
        var parts = _hosts[HashMagic.Length..].Split('|');
        Span<byte> salt = stackalloc byte[64];
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
        return parts is [var saltText, var hashText]
            && saltText.Length <= 80 && Convert.TryFromBase64String(saltText, salt, out var saltLength)
            && hashText.Length <= 28 && Convert.TryFromBase64String(hashText, hash, out var hashLength)
            && hashLength == hash.Length
            && Hash(name, salt[..saltLength]).AsSpan().SequenceEqual(hash);
    }

    /// <summary>A line for a host and its key.</summary>
    /// <param name="name">The host's name as <see cref="KnownHostName"/> makes it.</param>
    /// <param name="key">Its key.</param>
    /// <param name="salt">To hash the name with; empty to write it as it is.</param>
    public static string Format(string name, SshPublicKey key, ReadOnlySpan<byte> salt)
    {
        var hosts = salt.IsEmpty ? name : $"{HashMagic}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(Hash(name, salt))}";
        return $"{hosts} {key.Type} {key.Base64}";
    }

    /// <summary>The protocol of hashed names is HMAC with SHA-1; it hides names from casual readers and protects nothing else.</summary>
    private static byte[] Hash(string name, ReadOnlySpan<byte> salt) =>
#pragma warning disable CA5350 // the format asks for it
        HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350

    private static ReadOnlySpan<char> NextField(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAny(" \t");
        var field = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[end..].TrimStart(" \t");
        return field;
    }
}
