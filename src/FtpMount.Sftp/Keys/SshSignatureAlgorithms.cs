using System.Security.Cryptography;
using Renci.SshNet.Security;
using Renci.SshNet.Security.Cryptography;

namespace FtpMount.Sftp.Keys;

/// <summary>The signature algorithms that are used, and what verifies or makes them. RSA with SHA-1 (<c>ssh-rsa</c>) is not among them, as in OpenSSH since 8.8.</summary>
internal static class SshSignatureAlgorithms
{
    /// <summary>In the order of preference, which is OpenSSH's.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"];

    /// <summary>The type of the keys that an algorithm is for.</summary>
    public static string KeyTypeOf(string algorithm) => algorithm.StartsWith("rsa-sha2-", StringComparison.Ordinal) ? "ssh-rsa" : algorithm;

    /// <summary>What verifies signatures of an algorithm by a public key.</summary>
    /// <returns>Null when the algorithm is not used, or not for keys of this type.</returns>
    public static KeyHostAlgorithm? Create(string algorithm, byte[] publicKey) =>
        new SshWireReader(publicKey).ReadText() == KeyTypeOf(algorithm) && All.Contains(algorithm)
            ? Create(algorithm, algorithm switch
            {
                "ssh-ed25519" => new ED25519Key(new SshKeyData(publicKey)),
                "rsa-sha2-512" or "rsa-sha2-256" => new RsaKey(new SshKeyData(publicKey)),
                _ => new EcdsaKey(new SshKeyData(publicKey)),
            })
            : null;

    /// <summary>What makes and verifies signatures of an algorithm by a key.</summary>
    public static KeyHostAlgorithm Create(string algorithm, Key key) => algorithm switch
    {
        "rsa-sha2-512" => new KeyHostAlgorithm(algorithm, key, new RsaDigitalSignature((RsaKey)key, HashAlgorithmName.SHA512)),
        "rsa-sha2-256" => new KeyHostAlgorithm(algorithm, key, new RsaDigitalSignature((RsaKey)key, HashAlgorithmName.SHA256)),
        _ => new KeyHostAlgorithm(algorithm, key),
    };
}
