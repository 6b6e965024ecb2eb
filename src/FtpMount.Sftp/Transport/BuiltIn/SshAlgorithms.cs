using FtpMount.Sftp.Keys;
using Renci.SshNet;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// The algorithms that are offered: OpenSSH's, without those that it has given up (SHA-1 in key exchanges and host keys, CBC), and the fastest cipher first: with AES
/// instructions AES-GCM is twice as fast as chacha20-poly1305.
/// </summary>
internal static class SshAlgorithms
{
    private const string CertificateSuffix = "-cert-v01@openssh.com";

    private static readonly string[] Ciphers =
        ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"];

    private static readonly string[] MessageAuthentication =
        ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1-etm@openssh.com", "hmac-sha1"];

    private static readonly string[] GivenUpKeyExchanges =
        ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"];

    /// <summary>Sets what is offered.</summary>
    /// <param name="connectionInfo">The connection.</param>
    /// <param name="hostKeyAlgorithms">The host key algorithms in order.</param>
    /// <param name="received">Told the host key, or certificate, that the server shows, as it came, before it is used.</param>
    public static void Apply(ConnectionInfo connectionInfo, IReadOnlyList<string> hostKeyAlgorithms, Action<SshPublicKey> received)
    {
        foreach (var name in GivenUpKeyExchanges)
            connectionInfo.KeyExchangeAlgorithms.Remove(name);
        Reorder(connectionInfo.Encryptions, Ciphers);
        Reorder(connectionInfo.HmacAlgorithms, MessageAuthentication);
        // Compression would cost more time than it saves, and content is often compressed already.
        connectionInfo.CompressionAlgorithms.Remove("zlib@openssh.com");
        connectionInfo.HostKeyAlgorithms.Clear();
        foreach (var name in hostKeyAlgorithms)
        {
            connectionInfo.HostKeyAlgorithms.Add(name, bytes =>
            {
                var key = SshPublicKey.FromBlob(bytes);
                received(key);
                // Of a certificate's key the server proves that it has it; whether the certificate is good is judged elsewhere.
                var isCertificate = name.EndsWith(CertificateSuffix, StringComparison.Ordinal);
                var plain = isCertificate ? name[..^CertificateSuffix.Length] : name;
                var blob = isCertificate ? SshCertificate.Parse(key).Key.Blob.ToArray() : bytes;
                return SshSignatureAlgorithms.Create(plain, blob) ?? throw new FormatException($"The host key is not of the type that was agreed on ({name}).");
            });
        }
    }

    private static void Reorder<T>(IOrderedDictionary<string, T> offered, string[] order)
    {
        var known = order.Where(offered.ContainsKey).Select(name => (name, offered[name])).ToList();
        offered.Clear();
        foreach (var (name, value) in known)
            offered.Add(name, value);
    }
}
