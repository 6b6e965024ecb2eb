using System.Security.Cryptography;

namespace FtpMount.Sftp.Keys;

/// <summary>A public key, or a certificate, in the form in which it goes over the wire and, in base64, stands in files (RFC 4253 section 6.6).</summary>
internal sealed class SshPublicKey : IEquatable<SshPublicKey>
{
    private const string CertificateSuffix = "-cert-v01@openssh.com";

    private readonly byte[] _blob;

    private SshPublicKey(byte[] blob, string type)
    {
        _blob = blob;
        Type = type;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Blob => _blob;

    /// <summary>For example <c>ssh-ed25519</c> or <c>ssh-rsa-cert-v01@openssh.com</c>.</summary>
    public string Type { get; }

    /// <summary>Whether it is a certificate.</summary>
    public bool IsCertificate => Type.EndsWith(CertificateSuffix, StringComparison.Ordinal);

    /// <summary>The type of the key that a certificate is about; of a key its own.</summary>
    public string PlainType =>
        !IsCertificate ? Type
        : Type.StartsWith("sk-", StringComparison.Ordinal) ? Type[..^CertificateSuffix.Length] + "@openssh.com"
        : Type[..^CertificateSuffix.Length];

    /// <summary><c>SHA256:</c> and unpadded base64, as ssh-keygen -l shows it.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(_blob)).TrimEnd('=');

    /// <summary>The type as ssh-keygen -l shows it, for people: <c>ED25519</c>, <c>RSA</c>, <c>ECDSA</c>.</summary>
    public string TypeForPeople => PlainType switch
    {
        "ssh-ed25519" => "ED25519",
        "ssh-rsa" => "RSA",
        "ssh-dss" => "DSA",
        "sk-ssh-ed25519@openssh.com" => "ED25519-SK",
        "sk-ecdsa-sha2-nistp256@openssh.com" => "ECDSA-SK",
        var other => other.StartsWith("ecdsa-sha2-", StringComparison.Ordinal) ? "ECDSA" : other,
    };

    /// <summary>In base64.</summary>
    public string Base64 => Convert.ToBase64String(_blob);

    /// <summary>Takes the bytes.</summary>
    /// <exception cref="FormatException">They do not begin with a type.</exception>
    public static SshPublicKey FromBlob(ReadOnlySpan<byte> blob)
    {
        var type = new SshWireReader(blob).ReadText();
        return type.Length is > 0 and <= 64 && type.All(c => c is > ' ' and < '\x7f')
            ? new SshPublicKey(blob.ToArray(), type)
            : throw new FormatException("A key does not begin with its type.");
    }

    /// <summary>Reads what stands in files: type and base64; the comment is not for this.</summary>
    public static bool TryParse(ReadOnlySpan<char> type, ReadOnlySpan<char> base64, out SshPublicKey key)
    {
        key = null!;
        var bytes = new byte[(base64.Length * 3 / 4) + 3];
        if (!Convert.TryFromBase64Chars(base64, bytes, out var length))
            return false;
        try
        {
            key = FromBlob(bytes.AsSpan(0, length));
        }
        catch (FormatException)
        {
            return false;
        }

        return type.SequenceEqual(key.Type);
    }

    /// <summary>Reads the first line of a file with a public key or a certificate (<c>.pub</c>).</summary>
    /// <returns>Null when the file is not there or holds something else.</returns>
    public static SshPublicKey? TryReadFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var line = reader.ReadLine();
            var fields = line?.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
            return fields is [var type, var base64, ..] && TryParse(type, base64, out var key) ? key : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public bool Equals(SshPublicKey? other) => other is not null && _blob.AsSpan().SequenceEqual(other._blob);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SshPublicKey);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_blob);
        return hash.ToHashCode();
    }

    /// <summary>Type and fingerprint.</summary>
    public override string ToString() => $"{TypeForPeople} {Fingerprint}";
}
