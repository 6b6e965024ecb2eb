using System.Security.Cryptography;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Security;

namespace FtpMount.Sftp.Keys;

/// <summary>What a private key file holds: OpenSSH's format, PEM (PKCS#1, SEC 1, PKCS#8) or PuTTY's. SSH.NET decrypts and decodes them.</summary>
internal sealed class PrivateKeyText
{
    private const string OpenSshHeader = "-----BEGIN OPENSSH PRIVATE KEY-----";

    private readonly byte[] _content;

    private PrivateKeyText(byte[] content, bool isEncrypted, SshPublicKey? publicKey)
    {
        _content = content;
        IsEncrypted = isEncrypted;
        PublicKey = publicKey;
    }

    /// <summary>Whether a passphrase is needed.</summary>
    public bool IsEncrypted { get; }

    /// <summary>The public key, where the file has it in the clear (OpenSSH's format).</summary>
    public SshPublicKey? PublicKey { get; }

    /// <summary>Looks at what a file holds.</summary>
    /// <exception cref="FormatException">It is no private key of a format that is known.</exception>
    public static PrivateKeyText Parse(byte[] content)
    {
        var text = System.Text.Encoding.Latin1.GetString(content);
        if (text.Contains(OpenSshHeader, StringComparison.Ordinal))
            return ParseOpenSsh(content, text);
        if (text.StartsWith("PuTTY-User-Key-File-", StringComparison.Ordinal))
            return new PrivateKeyText(content, !text.Contains("Encryption: none", StringComparison.Ordinal), null);
        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new FormatException("it is not a private key");
        var isEncrypted = text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal) || text.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal);
        return new PrivateKeyText(content, isEncrypted, null);
    }

    /// <summary>Decodes the key.</summary>
    /// <param name="passphrase">Null when it is not encrypted.</param>
    /// <param name="problem">Why it cannot be decoded; of an encrypted one most likely because the passphrase is wrong.</param>
    public Key? TryDecode(string? passphrase, out string problem)
    {
        problem = "";
        try
        {
            using var stream = new MemoryStream(_content, writable: false);
            // The file object would dispose of the key.
            return new PrivateKeyFile(stream, passphrase).Key;
        }
        catch (Exception e) when (e is SshException or CryptographicException or FormatException or ArgumentException or InvalidOperationException or NotSupportedException
            or IndexOutOfRangeException or OverflowException or IOException or Org.BouncyCastle.Crypto.CryptoException)
        {
            problem = e.Message.TrimEnd('.');
            return null;
        }
    }

    /// <summary>PROTOCOL.key: magic, cipher, key derivation, its options, the number of keys, the public keys, the encrypted rest.</summary>
    private static PrivateKeyText ParseOpenSsh(byte[] content, string text)
    {
        var start = text.IndexOf(OpenSshHeader, StringComparison.Ordinal) + OpenSshHeader.Length;
        var end = text.IndexOf("-----END", start, StringComparison.Ordinal);
        var data = Convert.FromBase64String(end < 0 ? "" : text[start..end]);
        var magic = "openssh-key-v1\0"u8;
        if (!data.AsSpan().StartsWith(magic))
            throw new FormatException("it is damaged");
        var reader = new SshWireReader(data.AsSpan(magic.Length));
        var cipher = reader.ReadText();
        _ = reader.ReadString(); // key derivation function
        _ = reader.ReadString(); // its options
        if (reader.ReadUInt32() != 1)
            throw new FormatException("it holds several keys");
        return new PrivateKeyText(content, cipher != "none", SshPublicKey.FromBlob(reader.ReadString()));
    }
}
